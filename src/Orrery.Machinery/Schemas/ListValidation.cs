using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>Lists that are sets or maps hold no item twice; embedded objects say what they are (apiextensions <c>schema/listtype</c>, <c>schema/objectmeta</c>).</summary>
internal static class ListValidation
{
    public static IEnumerable<FieldError> Validate(JsonNode? node, Schema schema, JsonNode? old, Func<JsonObject, IReadOnlyList<FieldError>>? metadata, string path = "")
    {
        if (node is null || (old is not null && JsonNode.DeepEquals(node, old)))
        {
            return [];
        }

        var errors = new List<FieldError>();
        if (schema.EmbeddedResource && node is JsonObject embedded)
        {
            errors.AddRange(EmbeddedObjects.Validate(embedded, path, metadata));
        }

        switch (node)
        {
            case JsonObject json:
                foreach ((string name, JsonNode? value) in json)
                {
                    if (schema.Properties.TryGetValue(name, out Schema? member) ? member.Name is null : (member = schema.AdditionalProperties) is not null)
                    {
                        errors.AddRange(Validate(value, member!, (old as JsonObject)?[name], metadata, Child(path, name)));
                    }
                }

                break;
            case JsonArray array when schema.Items is { } items:
                errors.AddRange(Duplicates(array, schema, path));
                for (int i = 0; i < array.Count; i++)
                {
                    errors.AddRange(Validate(array[i], items, null, metadata, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]")));
                }

                break;
        }

        return errors;
    }

    private static IEnumerable<FieldError> Duplicates(JsonArray array, Schema schema, string path)
    {
        if (schema.ListType == ListType.Atomic)
        {
            yield break;
        }

        // What stands there more than twice is told of once.
        HashSet<string> seen = new(StringComparer.Ordinal), told = new(StringComparer.Ordinal);
        for (int i = 0; i < array.Count; i++)
        {
            JsonNode? key = schema.ListType == ListType.Set ? array[i] : KeyOf(array[i], schema);
            if (key is not null && Canonical(key) is var name && !seen.Add(name) && told.Add(name))
            {
                yield return FieldError.Duplicate(string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), SortedJson.Of(key));
            }
        }
    }

    private static JsonObject? KeyOf(JsonNode? item, Schema schema)
    {
        if (item is not JsonObject json)
        {
            return null;
        }

        var key = new JsonObject();
        foreach (string name in schema.ListMapKeys)
        {
            if (json[name] is { } value)
            {
                key[name] = value.DeepClone();
            }
        }

        return key;
    }

    /// <summary>One text for equal values: members sorted, numbers by value.</summary>
    internal static string Canonical(JsonNode? node) => node switch
    {
        null => "null",
        JsonObject json => "{" + string.Join(",", json.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => JsonValue.Create(m.Key).ToJsonString() + ":" + Canonical(m.Value))) + "}",
        JsonArray array => "[" + string.Join(",", array.Select(Canonical)) + "]",
        _ when node.GetValueKind() == JsonValueKind.Number => node.AsDouble().ToString("R", CultureInfo.InvariantCulture),
        _ => node.ToJsonString(),
    };

    private static string Child(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
