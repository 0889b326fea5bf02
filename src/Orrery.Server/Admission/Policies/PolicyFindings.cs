using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Admission;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Policies;

/// <summary>What the validating policies found about one request: refusals, warnings and annotations.</summary>
internal sealed class PolicyFindings
{
    private const string FailureAnnotation = "validation.policy.admission.k8s.io/validation_failure";
    private const int LongestAnnotation = 10 * 1024;

    private readonly List<string> warnings = [];
    private readonly Dictionary<string, List<string>> annotations = new(StringComparer.Ordinal);
    private (string Message, string Reason)? refusal;
    private JsonObject? failure;

    /// <summary>One refusal of a validation, met as the binding says.</summary>
    public void Add(string policy, PolicyBinding binding, PolicyDenial denial)
    {
        // An audit annotation that cannot be worked out is no validation: no action softens it.
        if (denial.Index < 0)
        {
            Refuse(policy, binding.Name, denial.Message, denial.Reason);
            return;
        }

        foreach (string action in binding.Actions)
        {
            switch (action)
            {
                case "Deny":
                    Refuse(policy, binding.Name, denial.Message, denial.Reason);
                    break;
                case "Warn":
                    warnings.Add($"Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{binding.Name}': {denial.Message}");
                    break;
                case "Audit":
                    // The annotation is there once: it tells of the first.
                    failure ??= new JsonObject
                    {
                        ["message"] = denial.Message,
                        ["policy"] = policy,
                        ["binding"] = binding.Name,
                        ["expressionIndex"] = denial.Index,
                        ["validationActions"] = new JsonArray([.. binding.Actions.Select(a => (JsonNode)a)]),
                    };
                    break;
            }
        }
    }

    /// <param name="binding">Null where the policy itself is at fault.</param>
    /// <param name="reason">Empty for Invalid.</param>
    public void Refuse(string policy, string? binding, string message, string reason)
    {
        string with = binding is null ? "" : $" with binding '{binding}'";
        refusal ??= ($"ValidatingAdmissionPolicy '{policy}'{with} denied request: {message}", reason);
    }

    /// <summary>Values of several bindings stand beside each other.</summary>
    public void Annotate(string key, string value)
    {
        value = value.Length > LongestAnnotation ? value[..LongestAnnotation] : value;
        if (!annotations.TryGetValue(key, out List<string>? values))
        {
            annotations[key] = values = [];
        }

        if (!values.Contains(value, StringComparer.Ordinal))
        {
            values.Add(value);
        }
    }

    /// <summary>JSON as Go writes it.</summary>
    private static string HtmlSafe(string json) => json
        .Replace("<", "\\u003c", StringComparison.Ordinal).Replace(">", "\\u003e", StringComparison.Ordinal).Replace("&", "\\u0026", StringComparison.Ordinal);

    /// <exception cref="StatusException">A policy refuses.</exception>
    public void Publish(AdmissionRequest request)
    {
        foreach (string warning in warnings)
        {
            request.Notes.Warn(warning);
        }

        foreach ((string key, List<string> values) in annotations)
        {
            request.Notes.Annotate(key, string.Join(", ", values));
        }

        if (failure is not null)
        {
            request.Notes.Annotate(FailureAnnotation, HtmlSafe(System.Text.Encoding.UTF8.GetString(ObjectEncoding.Write(new JsonArray(failure)))));
        }

        if (refusal is var (message, reason))
        {
            throw PolicyRefusal.Of(request, message, reason);
        }
    }
}

/// <summary>The answer to a request that a policy refuses.</summary>
internal static class PolicyRefusal
{
    public static StatusException Of(AdmissionRequest request, string message, string reason)
    {
        StatusException forbidden = ApiErrors.Forbidden(request.GroupResource, NameOf(request), message);
        (int code, string word) = reason switch
        {
            "Forbidden" => (403, StatusReason.Forbidden),
            "Unauthorized" => (401, StatusReason.Unauthorized),
            "RequestEntityTooLarge" => (413, StatusReason.RequestEntityTooLarge),
            _ => (422, StatusReason.Invalid),
        };
        return new StatusException(forbidden.Status with
        {
            Code = code,
            Reason = word,
            Details = forbidden.Status.Details! with { Causes = [new StatusCause("", message, "")] },
        });
    }

    /// <summary>The object's, or what it is to be made of.</summary>
    private static string NameOf(AdmissionRequest request) =>
        request.Name is { Length: > 0 } name ? name
        : request.Object is { } json && json.Name is { Length: > 0 } own ? own
        : request.Object?.TextAt("metadata", "generateName") is { Length: > 0 } generate ? generate
        : "Unknown";
}
