using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>How objects of one version become those of another: <c>spec.conversion</c> of a CustomResourceDefinition.</summary>
internal static class DefinitionConversion
{
    private const string Path = "spec.conversion";
    private const string UrlForm = "; desired format: https://host[/path]";

    private static readonly string[] ReviewVersions = ["v1", "v1beta1"];

    public static void Validate(JsonObject spec, List<FieldError> errors)
    {
        var conversion = spec["conversion"] as JsonObject;
        string strategy = conversion?.Text("strategy") ?? "None";
        if (strategy is not ("None" or "Webhook"))
        {
            errors.Add(FieldError.NotSupported($"{Path}.strategy", strategy, "None", "Webhook"));
        }

        var webhook = conversion?["webhook"] as JsonObject;
        if (strategy == "Webhook")
        {
            Client(webhook?["clientConfig"] as JsonObject, errors);
            Versions(webhook?["conversionReviewVersions"] as JsonArray, errors);
            return;
        }

        const string Unused = "should not be set when strategy is not set to Webhook";
        if (webhook?["clientConfig"] is not null)
        {
            errors.Add(FieldError.Forbidden($"{Path}.webhookClientConfig", Unused));
        }

        if (webhook?["conversionReviewVersions"] is JsonArray { Count: > 0 })
        {
            errors.Add(FieldError.Forbidden($"{Path}.conversionReviewVersions", Unused));
        }
    }

    private static void Client(JsonObject? client, List<FieldError> errors)
    {
        string path = $"{Path}.webhookClientConfig";
        if (client is null)
        {
            errors.Add(FieldError.Required(path, "required when strategy is set to Webhook"));
        }
        else if (client["url"] is null == client["service"] is null)
        {
            errors.Add(FieldError.Required(path, "exactly one of url or service is required"));
        }
        else if (client.Text("url") is { } url)
        {
            Url(url, $"{path}.url", errors);
        }
        else if (client["service"] is JsonObject service)
        {
            Service(service, $"{path}.service", errors);
        }
    }

    private static void Url(string url, string path, List<FieldError> errors)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? uri))
        {
            errors.Add(FieldError.Required(path, $"url must be a valid URL: {url}{UrlForm}"));
            return;
        }

        if (uri.Scheme != Uri.UriSchemeHttps)
        {
            errors.Add(FieldError.Invalid(path, uri.Scheme, $"'https' is the only allowed URL scheme{UrlForm}"));
        }

        if (uri.Host.Length == 0)
        {
            errors.Add(FieldError.Invalid(path, uri.Host, $"host must be specified{UrlForm}"));
        }

        if (uri.UserInfo.Length > 0)
        {
            errors.Add(FieldError.Invalid(path, "redacted", "user information is not permitted in the URL"));
        }

        if (uri.Fragment.Length > 0)
        {
            errors.Add(FieldError.Invalid(path, uri.Fragment[1..], "fragments are not permitted in the URL"));
        }

        if (uri.Query.Length > 0)
        {
            errors.Add(FieldError.Invalid(path, uri.Query[1..], "query parameters are not permitted in the URL"));
        }
    }

    private static void Service(JsonObject service, string path, List<FieldError> errors)
    {
        foreach (string member in (string[])["name", "namespace"])
        {
            if (string.IsNullOrEmpty(service.Text(member)))
            {
                errors.Add(FieldError.Required($"{path}.{member}", $"service {member} is required"));
            }
        }

        if (service["port"] is JsonValue port && (!port.TryGetValue(out int number) || number is < 1 or > 65535))
        {
            errors.Add(FieldError.Invalid($"{path}.port", port.DeepClone(), "port is not valid: must be between 1 and 65535, inclusive"));
        }

        if (service.Text("path") is { Length: > 0 } local && local[0] != '/')
        {
            errors.Add(FieldError.Invalid($"{path}.path", local, "must start with a '/'"));
        }
    }

    private static void Versions(JsonArray? versions, List<FieldError> errors)
    {
        const string Member = $"{Path}.conversionReviewVersions";
        if (versions is not { Count: > 0 })
        {
            errors.Add(FieldError.Required(Member));
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < versions.Count; i++)
        {
            string version = versions[i]?.ToString() ?? "";
            if (!seen.Add(version))
            {
                errors.Add(FieldError.Invalid(DefinitionValidation.At(Member, i), version, "duplicate version"));
                continue;
            }

            errors.AddRange(Names.CheckDns1035Label(version).Select(f => FieldError.Invalid(DefinitionValidation.At(Member, i), version, f)));
        }

        if (!ReviewVersions.Any(seen.Contains))
        {
            errors.Add(FieldError.Invalid(Member, versions.DeepClone(), $"must include at least one of {string.Join(", ", ReviewVersions)}"));
        }
    }
}
