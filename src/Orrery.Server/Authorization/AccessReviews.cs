using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;

namespace Orrery.Server.Authorization;

/// <summary>
/// The reviews of authorization.k8s.io. Each takes the decoded, admitted body and returns it with its status; nothing is
/// stored. Rules of upstream's <c>pkg/registry/authorization</c> and <c>pkg/apis/authorization/validation</c>.
/// </summary>
internal sealed class AccessReviews(RbacAuthorizer rbac, IAuthorizer authorizer, Func<UserInfo, IEnumerable<string>> unlisted)
{
    private const string Group = "authorization.k8s.io";

    /// <summary>Numbers and times are no part of it: the binary form carries them where they say nothing, too.</summary>
    private static readonly string[] OfAName = ["name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "labels", "annotations", "ownerReferences", "finalizers"];

    /// <summary>May I?</summary>
    public ValueTask<JsonObject> SelfAsync(UserInfo user, ClusterName cluster, JsonObject review, CancellationToken cancellationToken)
    {
        JsonObject spec = review.ObjectAt("spec");
        Validate(spec, MetadataErrors(review, "must be empty"));
        return DecideAsync(review, spec, user with { Scope = new ClusterScope(cluster) }, cluster, cancellationToken);
    }

    /// <summary>May somebody?</summary>
    public ValueTask<JsonObject> SubjectAsync(ClusterName cluster, JsonObject review, CancellationToken cancellationToken)
    {
        JsonObject spec = review.ObjectAt("spec");
        Validate(spec, [.. SubjectErrors(spec), .. MetadataErrors(review, "must be empty")]);
        return DecideAsync(review, spec, SubjectOf(spec, cluster), cluster, cancellationToken);
    }

    /// <summary>May somebody, in one namespace?</summary>
    /// <param name="ns">Of the request's path.</param>
    public ValueTask<JsonObject> LocalAsync(ClusterName cluster, string ns, JsonObject review, CancellationToken cancellationToken)
    {
        JsonObject spec = review.ObjectAt("spec");
        List<FieldError> errors = [.. SubjectErrors(spec), .. MetadataErrors(review, "must be empty except for namespace", "namespace")];
        if (spec["resourceAttributes"] is JsonObject && (spec.TextAt("resourceAttributes", "namespace") ?? "") is var about && about != review.Namespace)
        {
            errors.Add(FieldError.Invalid("spec.resourceAttributes.namespace", about, "must match metadata.namespace"));
        }

        if (spec["nonResourceAttributes"] is { } disallowed)
        {
            errors.Add(FieldError.Invalid("spec.nonResourceAttributes", disallowed, "disallowed on this kind of request"));
        }

        Validate(spec, errors);
        if (review.Namespace != ns)
        {
            throw ApiErrors.BadRequest($"spec.resourceAttributes.namespace must match namespace: {ns}");
        }

        return DecideAsync(review, spec, SubjectOf(spec, cluster), cluster, cancellationToken);
    }

    /// <summary>What may I in a namespace?</summary>
    public JsonObject SelfRules(UserInfo user, ClusterName cluster, JsonObject review)
    {
        string ns = review.TextAt("spec", "namespace") ?? "";
        if (ns.Length == 0)
        {
            throw ApiErrors.BadRequest("no namespace on request");
        }

        (IReadOnlyList<PolicyRule> rules, IReadOnlyList<string> missing) = rbac.RulesFor(cluster, user, ns);
        missing = [.. missing, .. unlisted(user)];
        var status = new JsonObject
        {
            ["resourceRules"] = new JsonArray([.. rules.Where(r => r.Resources.Count > 0).Select(r => (JsonNode)(r with { NonResourceUrls = [] }).ToJson())]),
            ["nonResourceRules"] = new JsonArray([.. rules.Where(r => r.NonResourceUrls.Count > 0)
                .Select(r => (JsonNode)new PolicyRule { Verbs = r.Verbs, NonResourceUrls = r.NonResourceUrls }.ToJson())]),
            ["incomplete"] = missing.Count > 0,
        };
        if (missing.Count > 0)
        {
            status["evaluationError"] = missing.Count == 1 ? missing[0] : $"[{string.Join(", ", missing)}]";
        }

        return new JsonObject
        {
            ["kind"] = "SelfSubjectRulesReview",
            ["apiVersion"] = $"{Group}/v1",
            ["metadata"] = new JsonObject(),
            ["spec"] = new JsonObject(),
            ["status"] = status,
        };
    }

    private async ValueTask<JsonObject> DecideAsync(JsonObject review, JsonObject spec, UserInfo user, ClusterName cluster, CancellationToken cancellationToken)
    {
        AuthorizationAttributes attributes = Attributes(spec, user, cluster);
        AuthorizationDecision decision = await authorizer.AuthorizeAsync(attributes, cancellationToken);
        var status = new JsonObject { ["allowed"] = decision.Allowed };
        if (decision.IsDenied)
        {
            status["denied"] = true;
        }

        if (decision.Reason.Length > 0)
        {
            status["reason"] = decision.Reason;
        }

        if (string.Join("; ", [.. decision.Error is { Length: > 0 } why ? (string[])[why] : [], .. Ignored("fieldSelector", attributes.FieldSelector), .. Ignored("labelSelector", attributes.LabelSelector)]) is { Length: > 0 } error)
        {
            status["evaluationError"] = error;
        }

        review["status"] = status;
        return review;
    }

    private static IEnumerable<string> Ignored(string member, SelectorLimit? limit) =>
        limit is { IsFaulty: true } ? [$"spec.resourceAttributes.{member} {(limit.Terms.Count > 0 ? "partially " : "")}ignored due to parse error"] : [];

    private static AuthorizationAttributes Attributes(JsonObject spec, UserInfo user, ClusterName cluster)
    {
        string Text(string member, string name) => spec.TextAt(member, name) ?? "";
        return spec["resourceAttributes"] is JsonObject
            ? new AuthorizationAttributes
            {
                User = user,
                Cluster = cluster,
                Verb = Text("resourceAttributes", "verb"),
                Group = Text("resourceAttributes", "group"),
                Version = Text("resourceAttributes", "version"),
                Resource = Text("resourceAttributes", "resource"),
                Subresource = Text("resourceAttributes", "subresource"),
                Namespace = Text("resourceAttributes", "namespace"),
                Name = Text("resourceAttributes", "name"),
                FieldSelector = SelectorLimit.OfFields(spec["resourceAttributes"]!["fieldSelector"]),
                LabelSelector = SelectorLimit.OfLabels(spec["resourceAttributes"]!["labelSelector"]),
            }
            : new AuthorizationAttributes
            {
                User = user,
                Cluster = cluster,
                IsResourceRequest = false,
                Verb = Text("nonResourceAttributes", "verb"),
                Path = Text("nonResourceAttributes", "path"),
            };
    }

    private static UserInfo SubjectOf(JsonObject spec, ClusterName cluster) => new()
    {
        Name = spec.TextAt("user") ?? "",
        Uid = spec.TextAt("uid") ?? "",
        Groups = spec["groups"] is JsonArray groups ? [.. groups.Select(g => g!.GetValue<string>())] : [],
        Extra = spec["extra"] is JsonObject extra
            ? extra.ToDictionary(e => e.Key, IReadOnlyList<string> (e) => e.Value is JsonArray values ? [.. values.Select(v => v!.GetValue<string>())] : [], StringComparer.Ordinal)
            : new Dictionary<string, IReadOnlyList<string>>(),
        Scope = new ClusterScope(cluster),
    };

    private static List<FieldError> SubjectErrors(JsonObject spec) =>
        string.IsNullOrEmpty(spec.TextAt("user")) && spec["groups"] is not JsonArray { Count: > 0 }
            ? [FieldError.Invalid("spec.user", "", "at least one of user or group must be specified")]
            : [];

    /// <summary>A question has no name: whoever writes one means something else.</summary>
    private static List<FieldError> MetadataErrors(JsonObject review, string why, string? allowed = null) =>
        review["metadata"] is JsonObject metadata && OfAName.Any(m => m != allowed && metadata[m] is not (null or JsonArray { Count: 0 } or JsonObject { Count: 0 }) && metadata[m]!.ToString().Length > 0)
            ? [FieldError.Invalid("metadata", metadata.DeepClone(), why)]
            : [];

    private static void Validate(JsonObject spec, List<FieldError> subjectErrors)
    {
        var errors = new List<FieldError>();
        JsonNode? resource = spec["resourceAttributes"], path = spec["nonResourceAttributes"];
        if (resource is not null && path is not null)
        {
            errors.Add(FieldError.Invalid("spec.nonResourceAttributes", path, "cannot be specified in combination with resourceAttributes"));
        }
        else if (resource is null && path is null)
        {
            errors.Add(FieldError.Invalid("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified"));
        }

        errors.AddRange(SelectorAttributes.Validate(resource));
        errors.AddRange(subjectErrors);
        if (errors.Count > 0)
        {
            // Upstream leaves the kind out of this one.
            throw ApiErrors.Invalid(new GroupKind(Group, ""), "", errors);
        }
    }
}
