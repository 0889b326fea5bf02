using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Api;

/// <summary>
/// One Kubernetes object as it was read: immutable, safe to share between threads, of any kind. To change it,
/// take <see cref="ToJsonObject"/>, edit that and send it.
/// </summary>
public sealed class KubeObject
{
    private IReadOnlyDictionary<string, string>? labels;
    private IReadOnlyDictionary<string, string>? annotations;

    /// <param name="json">A JSON object that lives as long as this one does (clone it out of a disposable document).</param>
    public KubeObject(JsonElement json)
    {
        Json = json;
    }

    public JsonElement Json { get; }

    public static KubeObject Parse(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, KubeJson.ReaderOptions);
        return new KubeObject(JsonElement.ParseValue(ref reader));
    }

    public static KubeObject From(JsonNode json) => new(KubeJson.ToElement(json));

    public string ApiVersion => Text("apiVersion");

    public string Kind => Text("kind");

    public GroupVersionKind GroupVersionKind => GroupVersionKind.From(ApiVersion, Kind);

    public string Name => Meta("name");

    /// <summary>Empty for a cluster-scoped object.</summary>
    public string Namespace => Meta("namespace");

    public string Uid => Meta("uid");

    public string ResourceVersion => Meta("resourceVersion");

    /// <summary>Zero where the kind keeps none.</summary>
    public long Generation => At("metadata", "generation") is { ValueKind: JsonValueKind.Number } g ? g.GetInt64() : 0;

    public bool IsDeleting => At("metadata", "deletionTimestamp") is not null;

    public DateTimeOffset? DeletionTimestamp => At("metadata", "deletionTimestamp") is { ValueKind: JsonValueKind.String } t ? t.GetDateTimeOffset() : null;

    public DateTimeOffset? CreationTimestamp => At("metadata", "creationTimestamp") is { ValueKind: JsonValueKind.String } t ? t.GetDateTimeOffset() : null;

    /// <summary>The cluster an object came from; set only on what a list or watch over all clusters answered.</summary>
    public ClusterName Cluster => ClusterName.Parse(Meta("clusterName"));

    public IReadOnlyDictionary<string, string> Labels => labels ??= Map("labels");

    public IReadOnlyDictionary<string, string> Annotations => annotations ??= Map("annotations");

    public IEnumerable<string> Finalizers =>
        At("metadata", "finalizers") is { ValueKind: JsonValueKind.Array } f ? f.EnumerateArray().Select(x => x.GetString() ?? "") : [];

    /// <summary>The value at a path of member names, or null where any step is missing or JSON null.</summary>
    public JsonElement? At(params ReadOnlySpan<string> path)
    {
        JsonElement at = Json;
        foreach (string step in path)
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(step, out at) || at.ValueKind == JsonValueKind.Null)
            {
                return null;
            }
        }

        return at;
    }

    /// <summary>The string at a path, or null where it is missing or no string.</summary>
    public string? TextAt(params ReadOnlySpan<string> path) => At(path) is { ValueKind: JsonValueKind.String } s ? s.GetString() : null;

    /// <summary>The integer at a path, or null where it is missing or no number.</summary>
    public long? NumberAt(params ReadOnlySpan<string> path) => At(path) is { ValueKind: JsonValueKind.Number } n ? n.GetInt64() : null;

    /// <summary>The same object, saying the cluster that it came from, as a read over all clusters answers it.</summary>
    public KubeObject Of(ClusterName cluster)
    {
        if (Cluster == cluster)
        {
            return this;
        }

        JsonObject json = ToJsonObject();
        json.Metadata["clusterName"] = cluster.ToString();
        return From(json);
    }

    /// <summary>A fresh, mutable copy.</summary>
    public JsonObject ToJsonObject() => KubeJson.ToNode(Json)!.AsObject();

    public override string ToString() => $"{Kind} {(Namespace.Length == 0 ? "" : Namespace + "/")}{Name}";

    private string Text(string name) => TextAt(name) ?? "";

    private string Meta(string name) => TextAt("metadata", name) ?? "";

    private Dictionary<string, string> Map(string name)
    {
        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        if (At("metadata", name) is { ValueKind: JsonValueKind.Object } json)
        {
            foreach (JsonProperty item in json.EnumerateObject())
            {
                map[item.Name] = item.Value.GetString() ?? "";
            }
        }

        return map;
    }
}
