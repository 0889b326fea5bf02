using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Matching;

/// <summary>
/// Which requests a policy, a binding or a webhook is about: rules, selectors of namespaces and objects, and whether another version of
/// the same resource counts (apiserver <c>pkg/admission/plugin/policy/matching</c>). Immutable, made once an object.
/// </summary>
internal sealed class MatchCriteria
{
    private readonly ResourceRule[] rules;
    private readonly ResourceRule[] excluded;
    private readonly LabelSelector namespaces;
    private readonly LabelSelector objects;
    private readonly bool isExact;

    /// <param name="json">Has the members <c>namespaceSelector</c>, <c>objectSelector</c> and <c>matchPolicy</c>.</param>
    private MatchCriteria(JsonObject json, ResourceRule[] rules, ResourceRule[] excluded)
    {
        this.rules = rules;
        this.excluded = excluded;
        namespaces = Selector(json, "namespaceSelector");
        objects = Selector(json, "objectSelector");
        isExact = json.TextAt("matchPolicy") == "Exact";
    }

    /// <summary>Of a policy's <c>matchConstraints</c> or a binding's <c>matchResources</c>; without rules it is about every resource.</summary>
    public static MatchCriteria OfPolicy(JsonObject json) => new(json, ResourceRule.All(json, "resourceRules"), ResourceRule.All(json, "excludeResourceRules"));

    /// <summary>Of a webhook; without rules it is about nothing.</summary>
    public static MatchCriteria OfWebhook(JsonObject webhook) => new(webhook, ResourceRule.All(webhook, "rules"), []) { IsAboutNothing = webhook["rules"] is not JsonArray { Count: > 0 } };

    private bool IsAboutNothing { get; init; }

    /// <summary>Whether the rules alone could concern the request: the cheapest question, asked first.</summary>
    public ResourceDefinition? MatchRules(AdmissionRequest request, AdmissionFacts facts)
    {
        if (IsAboutNothing)
        {
            return null;
        }

        if (excluded.Length > 0 && Find(excluded, request, facts) is not null)
        {
            return null;
        }

        return rules.Length == 0 ? request.Resource : Find(rules, request, facts);
    }

    /// <returns>The resource that the rules speak of: the request's own, or the version of it that they name. Null: not about this request.</returns>
    /// <exception cref="StatusException">404: the object's namespace is not there, so that its labels cannot be asked.</exception>
    public ResourceDefinition? Match(AdmissionRequest request, AdmissionFacts facts)
    {
        if (MatchRules(request, facts) is not { } matched)
        {
            return null;
        }

        return MatchesObject(request) && MatchesNamespace(request, facts) ? matched : null;
    }

    private ResourceDefinition? Find(ResourceRule[] among, AdmissionRequest request, AdmissionFacts facts)
    {
        foreach (ResourceRule rule in among)
        {
            if (rule.Matches(request, request.Resource.Resource))
            {
                return request.Resource;
            }
        }

        if (isExact)
        {
            return null;
        }

        // An earlier rule outweighs an earlier version.
        ResourceDefinition[] others = [.. facts.Equivalents(request)];
        foreach (ResourceRule rule in among)
        {
            foreach (ResourceDefinition other in others)
            {
                if (rule.Matches(request, other.Resource))
                {
                    return other;
                }
            }
        }

        return null;
    }

    /// <summary>Labels before or after the change; what is no object with labels matches only a selector that asks for none.</summary>
    private bool MatchesObject(AdmissionRequest request) =>
        objects.IsEverything || Matches(objects, request.Object) || Matches(objects, request.Old);

    /// <summary>A Namespace is asked for its own labels; what is in no namespace always matches.</summary>
    private bool MatchesNamespace(AdmissionRequest request, AdmissionFacts facts)
    {
        if (namespaces.IsEverything)
        {
            return true;
        }

        if (request.GroupResource is { Group: "", Resource: "namespaces" } && request.Subresource.Length == 0)
        {
            return Matches(namespaces, request.Object ?? request.Old);
        }

        if (request.Namespace.Length == 0)
        {
            return request.GroupResource is not { Group: "", Resource: "namespaces" } || Matches(namespaces, request.Old ?? request.Object);
        }

        return Matches(namespaces, facts.RequireNamespace(request));
    }

    private static bool Matches(LabelSelector selector, JsonObject? json) => json is not null && selector.Matches(Labels(json));

    private static Dictionary<string, string> Labels(JsonObject json)
    {
        var labels = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, JsonNode? value) in json.NodeAt("metadata", "labels") as JsonObject ?? [])
        {
            labels[name] = value is JsonValue text && text.TryGetValue(out string? said) ? said : "";
        }

        return labels;
    }

    private static LabelSelector Selector(JsonObject json, string member) => json[member] is JsonObject selector ? LabelSelector.FromJson(selector) : LabelSelector.Everything;
}
