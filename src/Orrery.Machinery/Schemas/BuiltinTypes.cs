using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>
/// The catalogue of built-in types and resources of Kubernetes 1.36. Schemas are built on first use, each
/// with everything it refers to, and are shared by all clusters of the process. Safe for use by many threads.
/// </summary>
public sealed class BuiltinTypes
{
    internal const string Stem = "io.k8s.";

    private readonly Lock building = new();
    private readonly ConcurrentDictionary<string, Schema> built = new(StringComparer.Ordinal);
    private readonly Lazy<(FactsFile File, FrozenDictionary<string, Range> Index)> facts = new(() =>
    {
        FactsFile file = FactsFile.Open("types.tsv");
        return (file, file.Records(1).ToFrozenDictionary(r => Stem + r.Keys[0], r => r.Facts, StringComparer.Ordinal));
    });

    private readonly Lazy<FrozenDictionary<GroupVersionKind, string>> kinds = new(() =>
        FactsFile.Open("kinds.tsv").Records(4).ToFrozenDictionary(r => new GroupVersionKind(r.Keys[0], r.Keys[1], r.Keys[2]), r => Stem + r.Keys[3]));

    private readonly Lazy<BuiltinResource[]> resources = new(() =>
    {
        FactsFile file = FactsFile.Open("resources.tsv");
        return [.. file.Records(3).Select(r => BuiltinResource.From(r.Keys, JsonNode.Parse(file.At(r.Facts).Span)!.AsObject()))];
    });

    private readonly Lazy<FrozenDictionary<GroupVersionResource, BuiltinResource>> byResource;
    private readonly Lazy<FrozenDictionary<GroupVersionKind, BuiltinResource>> byKind;

    private BuiltinTypes()
    {
        byResource = new(() => Resources.ToFrozenDictionary(r => r.Resource));
        byKind = new(() => Resources.ToFrozenDictionary(r => r.GroupVersionKind));
    }

    public static BuiltinTypes Instance { get; } = new();

    /// <summary>In the order in which discovery lists them.</summary>
    public IReadOnlyList<BuiltinResource> Resources => resources.Value;

    /// <summary>Every kind with its type's name; lists and the meta kinds of the core version among them.</summary>
    public IReadOnlyDictionary<GroupVersionKind, string> Kinds => kinds.Value;

    /// <summary>Names of all types, such as <c>io.k8s.api.core.v1.Pod</c>.</summary>
    public IEnumerable<string> Names => facts.Value.Index.Keys;

    public BuiltinResource? FindResource(GroupVersionResource resource) => byResource.Value.GetValueOrDefault(resource);

    /// <summary>The resource whose objects are of this kind; null for a kind that only bodies of subresources have.</summary>
    public BuiltinResource? FindResource(GroupVersionKind kind) => byKind.Value.GetValueOrDefault(kind);

    /// <summary>The schema of a kind, or null when it is not built in.</summary>
    public Schema? Find(GroupVersionKind kind) => kinds.Value.TryGetValue(kind, out string? name) ? FindByName(name) : null;

    /// <summary>The schema of a type by its full name, or null when there is none.</summary>
    public Schema? FindByName(string name)
    {
        if (built.TryGetValue(name, out Schema? found))
        {
            return found;
        }

        if (!facts.Value.Index.ContainsKey(name))
        {
            return null;
        }

        lock (building)
        {
            if (!built.ContainsKey(name))
            {
                var builder = new BuiltinSchemaBuilder(Facts, built);
                builder.Build(name);
                // Published only now: whoever finds a type finds everything it refers to, complete.
                foreach ((string key, Schema schema) in builder.Finish())
                {
                    built[key] = schema;
                }
            }

            return built[name];
        }
    }

    private JsonElement Facts(string name)
    {
        (FactsFile file, FrozenDictionary<string, Range> index) = facts.Value;
        var reader = new Utf8JsonReader(file.At(index[name]).Span);
        return JsonElement.ParseValue(ref reader);
    }
}
