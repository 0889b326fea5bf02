using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Api.Kinds;

/// <summary>Names one object of a virtual cluster (in a Work) or of a data plane (in an Observation).</summary>
/// <param name="Cluster">The virtual cluster; root where there is none (nodes).</param>
/// <param name="Namespace">Namespace inside the virtual cluster; empty for a cluster-scoped object.</param>
public sealed record SourceReference(ClusterName Cluster, string ApiVersion, string Kind, string Namespace, string Name)
{
    public GroupKind GroupKind => GroupVersionKind.From(ApiVersion, Kind).GroupKind;

    /// <summary>What identifies the source: everything but the API version, which may change under an object.</summary>
    public string Identity => $"{Cluster}|{GroupKind.Group}|{GroupKind.Kind}|{Namespace}|{Name}";

    /// <returns>Null when the object says no source, or none that can be read.</returns>
    public static SourceReference? Of(KubeObject workOrObservation)
    {
        if (workOrObservation.At("spec", "source") is not { ValueKind: JsonValueKind.Object } source)
        {
            return null;
        }

        string Text(string name) => source.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.String ? v.GetString()! : "";
        string cluster = Text("cluster");
        string[] parts = cluster.Split('/');
        if (cluster.Length > 0 && (parts.Length != 2 || parts[0].Length == 0 || parts[1].Length == 0 || Text("kind").Length == 0 || Text("name").Length == 0))
        {
            return null;
        }

        return new SourceReference(ClusterName.Parse(cluster), Text("apiVersion"), Text("kind"), Text("namespace"), Text("name"));
    }

    /// <summary>The wire form; empty members are left out.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject();
        if (!Cluster.IsRoot)
        {
            json["cluster"] = Cluster.ToString();
        }

        json["apiVersion"] = ApiVersion;
        json["kind"] = Kind;
        if (Namespace.Length > 0)
        {
            json["namespace"] = Namespace;
        }

        json["name"] = Name;
        return json;
    }

    /// <summary>A name for the object that carries this reference: readable, unique by hash, a DNS subdomain.</summary>
    /// <param name="isTaken">
    /// Whether another reference has the usual name already. Its hash is short, for people: among millions of names two meet, and whoever looks for it finds one that meets somebody
    /// else's. The longer one nobody finds.
    /// </param>
    public string ObjectName(bool isTaken = false)
    {
        byte[] digest = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Identity));
        string hash = Convert.ToHexStringLower(digest.AsSpan(0, isTaken ? 20 : 5));
        string kind = Kind.ToLowerInvariant();
        var cut = new System.Text.StringBuilder();
        foreach (char c in Name.Length > 40 ? Name[..40] : Name)
        {
            cut.Append(c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-' ? c : '-');
        }

        string readable = cut.ToString().Trim('-');
        return readable.Length == 0 ? $"{kind}-{hash}" : $"{kind}-{readable}-{hash}";
    }
}
