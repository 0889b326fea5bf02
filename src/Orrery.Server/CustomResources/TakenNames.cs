using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.CustomResources;

/// <summary>Names of a group that other definitions of the same cluster have been given, or that every server has: of resources, and of kinds.</summary>
internal sealed class TakenNames
{
    private readonly HashSet<string> resources = new(StringComparer.Ordinal);
    private readonly HashSet<string> kinds = new(StringComparer.Ordinal);

    /// <param name="definition">The one that asks; its own names are not taken.</param>
    public static TakenNames By(LayeredSnapshot definitions, ClusterName cluster, JsonObject definition)
    {
        var taken = new TakenNames();
        string group = definition.TextAt("spec", "group") ?? "";
        if (CompiledDefinition.IsBuiltin(definition))
        {
            taken.resources.Add(definition.TextAt("spec", "names", "plural")!);
        }

        foreach (CachedObject item in definitions.Range(StoreKey.Prefix(CustomResourceSet.Definitions, cluster)))
        {
            if (item.Name != definition.Name && item.Name.EndsWith("." + group, StringComparison.Ordinal) && StoredJson.Parse(item.Json.Span) is { } other
                && other.TextAt("spec", "group") == group && other.NodeAt("status", "acceptedNames") is JsonObject names)
            {
                taken.resources.UnionWith(Texts(names["plural"]).Concat(Texts(names["singular"])).Concat(Texts(names["shortNames"])));
                taken.kinds.UnionWith(Texts(names["kind"]).Concat(Texts(names["listKind"])));
            }
        }

        return taken;
    }

    /// <param name="member">Of <c>spec.names</c>.</param>
    public bool Has(string member, string name) => (member is "kind" or "listKind" ? kinds : resources).Contains(name);

    /// <summary>A name or a list of names; none where there is nothing.</summary>
    public static IEnumerable<string> Texts(JsonNode? names) => names switch
    {
        JsonArray list => list.Select(n => n!.GetValue<string>()),
        JsonValue one when one.GetValue<string>() is { Length: > 0 } text => [text],
        _ => [],
    };
}
