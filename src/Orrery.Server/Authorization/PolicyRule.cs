using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Server.Authorization;

/// <summary>One RBAC rule. Matching as in upstream's <c>pkg/apis/rbac/v1/evaluation_helpers.go</c>.</summary>
internal sealed record PolicyRule
{
    public const string Any = "*";

    public IReadOnlyList<string> Verbs { get; init; } = [];

    public IReadOnlyList<string> ApiGroups { get; init; } = [];

    public IReadOnlyList<string> Resources { get; init; } = [];

    /// <summary>Empty allows every name.</summary>
    public IReadOnlyList<string> ResourceNames { get; init; } = [];

    public IReadOnlyList<string> NonResourceUrls { get; init; } = [];

    public static PolicyRule From(JsonElement json) => new()
    {
        Verbs = Texts(json, "verbs"),
        ApiGroups = Texts(json, "apiGroups"),
        Resources = Texts(json, "resources"),
        ResourceNames = Texts(json, "resourceNames"),
        NonResourceUrls = Texts(json, "nonResourceURLs"),
    };

    /// <summary>The rules of a role; none where the member is missing.</summary>
    public static IReadOnlyList<PolicyRule> ListFrom(JsonElement? rules) =>
        rules is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray().Select(From)] : [];

    public bool Allows(AuthorizationAttributes a) => a.IsResourceRequest
        ? Has(Verbs, a.Verb) && Has(ApiGroups, a.Group) && AllowsResource(a.Resource, a.Subresource) && (ResourceNames.Count == 0 || ResourceNames.Contains(a.Name))
        : Has(Verbs, a.Verb) && AllowsPath(a.Path);

    public bool AllowsPath(string path)
    {
        foreach (string url in NonResourceUrls)
        {
            if (url == Any || url == path || (url.EndsWith('*') && path.StartsWith(url.TrimEnd('*'), StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }

    private bool AllowsResource(string resource, string subresource)
    {
        foreach (string allowed in Resources)
        {
            if (allowed == Any || (subresource.Length == 0 ? allowed == resource : Matches(allowed, resource, subresource)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary><c>pods/log</c>, or <c>*/log</c> for every resource that has one.</summary>
    private static bool Matches(string allowed, string resource, string subresource)
    {
        int slash = allowed.IndexOf('/', StringComparison.Ordinal);
        return slash >= 0 && allowed.AsSpan(slash + 1).SequenceEqual(subresource)
            && (allowed.AsSpan(0, slash) is Any || allowed.AsSpan(0, slash).SequenceEqual(resource));
    }

    public JsonObject ToJson()
    {
        var json = new JsonObject { ["verbs"] = Array(Verbs) };
        foreach ((string name, IReadOnlyList<string> values) in Members().Where(m => m.Values.Count > 0))
        {
            json[name] = Array(values);
        }

        return json;
    }

    /// <summary>The form in refusals, as upstream's <c>CompactString</c> prints it.</summary>
    public string ToCompactString()
    {
        (string, IReadOnlyList<string>)[] parts = [("APIGroups", ApiGroups), ("Resources", Resources), ("NonResourceURLs", NonResourceUrls), ("ResourceNames", ResourceNames), ("Verbs", Verbs)];
        return $"{{{string.Join(", ", parts.Where(p => p.Item2.Count > 0).Select(p => $"{p.Item1}:[{string.Join(' ', p.Item2.Select(v => $"\"{v}\""))}]"))}}}";
    }

    public bool SameAs(PolicyRule other) =>
        Verbs.SequenceEqual(other.Verbs) && ApiGroups.SequenceEqual(other.ApiGroups) && Resources.SequenceEqual(other.Resources)
        && ResourceNames.SequenceEqual(other.ResourceNames) && NonResourceUrls.SequenceEqual(other.NonResourceUrls);

    private IEnumerable<(string Name, IReadOnlyList<string> Values)> Members() =>
        [("apiGroups", ApiGroups), ("resources", Resources), ("resourceNames", ResourceNames), ("nonResourceURLs", NonResourceUrls)];

    private static bool Has(IReadOnlyList<string> allowed, string wanted)
    {
        foreach (string value in allowed)
        {
            if (value == Any || value == wanted)
            {
                return true;
            }
        }

        return false;
    }

    private static JsonArray Array(IReadOnlyList<string> values) => new([.. values.Select(v => (JsonNode)v)]);

    private static string[] Texts(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()!)]
            : [];
}
