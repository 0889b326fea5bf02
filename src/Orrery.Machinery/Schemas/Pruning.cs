using System.Globalization;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Schemas;

/// <summary>Drops what a structural schema does not specify (apiextensions <c>pkg/apiserver/schema/pruning</c>).</summary>
public static class Pruning
{
    /// <summary>Prunes in place and says what went: paths such as <c>spec.foo</c> or <c>spec.list[0].bar</c>, sorted.</summary>
    public static IReadOnlyList<string> Apply(JsonObject json, Schema schema) => Apply(json, schema, embedded: true);

    /// <param name="embedded">Whether the object has apiVersion, kind and metadata that are kept although unspecified.</param>
    internal static IReadOnlyList<string> Apply(JsonNode json, Schema schema, bool embedded)
    {
        var pruned = new List<string>();
        Walk(json, schema, embedded, "", pruned);
        pruned.Sort(StringComparer.Ordinal);
        return pruned;
    }

    private static void Walk(JsonNode? node, Schema schema, bool embedded, string path, List<string> pruned)
    {
        switch (node)
        {
            case JsonObject json:
                foreach (string name in json.Select(m => m.Key).ToArray())
                {
                    string at = path.Length == 0 ? name : $"{path}.{name}";
                    if ((embedded || schema.EmbeddedResource) && CustomSchema.IsMeta(name))
                    {
                        PruneMetadata(json, name);
                    }
                    else if (schema.Properties.TryGetValue(name, out Schema? member))
                    {
                        Walk(json[name], member, member.EmbeddedResource, at, pruned);
                    }
                    else if (schema.AdditionalProperties is { } values)
                    {
                        Walk(json[name], values, values.EmbeddedResource, at, pruned);
                    }
                    else if (!schema.PreserveUnknownFields)
                    {
                        json.Remove(name);
                        pruned.Add(at);
                    }
                }

                break;
            case JsonArray array when schema.Items is { } items:
                for (int i = 0; i < array.Count; i++)
                {
                    Walk(array[i], items, items.EmbeddedResource, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), pruned);
                }

                break;
        }
    }

    private static void PruneMetadata(JsonObject json, string name)
    {
        if (name != "metadata" || json[name] is not JsonObject metadata)
        {
            return;
        }

        foreach (string unknown in metadata.Select(m => m.Key).Where(k => !TypedDecoding.ObjectMetaSchema.Properties.ContainsKey(k)).ToArray())
        {
            metadata.Remove(unknown);
        }
    }
}
