using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>The RBAC roles and bindings that a fresh cluster has, as bare objects: no uid, no creationTimestamp.</summary>
public sealed class BootstrapRbac
{
    private const string ApiVersion = "rbac.authorization.k8s.io/v1";

    private readonly Lazy<(FactsFile File, FrozenDictionary<BootstrapRbacKey, Range> Index)> facts = new(() =>
    {
        FactsFile file = FactsFile.Open("bootstrap-rbac.tsv");
        return (file, file.Records(3).ToFrozenDictionary(r => new BootstrapRbacKey(r.Keys[0], r.Keys[1] == "-" ? "" : r.Keys[1], r.Keys[2]), r => r.Facts));
    });

    private BootstrapRbac()
    {
    }

    public static BootstrapRbac Instance { get; } = new();

    public IReadOnlyCollection<BootstrapRbacKey> Keys => facts.Value.Index.Keys;

    /// <summary>A fresh, mutable object with apiVersion, kind and metadata first; null when there is none of that name.</summary>
    public JsonObject? Find(BootstrapRbacKey key)
    {
        (FactsFile file, FrozenDictionary<BootstrapRbacKey, Range> index) = facts.Value;
        if (!index.TryGetValue(key, out Range place))
        {
            return null;
        }

        JsonObject source = JsonNode.Parse(file.At(place).Span)!.AsObject();
        var metadata = new JsonObject { ["name"] = key.Name };
        if (key.Namespace.Length > 0)
        {
            metadata["namespace"] = key.Namespace;
        }

        Move(source, "labels", metadata);
        Move(source, "annotations", metadata);
        var json = new JsonObject { ["apiVersion"] = ApiVersion, ["kind"] = key.Kind, ["metadata"] = metadata };
        foreach (string member in (string[])["aggregationRule", "rules", "subjects", "roleRef"])
        {
            Move(source, member, json);
        }

        if (source.Count > 0)
        {
            throw new InvalidOperationException($"The embedded {key} has members that nobody reads: {string.Join(", ", source.Select(m => m.Key))}.");
        }

        return json;
    }

    private static void Move(JsonObject from, string member, JsonObject to)
    {
        if (from.Remove(member, out JsonNode? value))
        {
            to[member] = value;
        }
    }
}

/// <param name="Kind"><c>ClusterRole</c>, <c>ClusterRoleBinding</c>, <c>Role</c> or <c>RoleBinding</c>.</param>
/// <param name="Namespace">Empty for the cluster-scoped kinds.</param>
public readonly record struct BootstrapRbacKey(string Kind, string Namespace, string Name)
{
    public GroupVersionKind GroupVersionKind => new("rbac.authorization.k8s.io", "v1", Kind);
}
