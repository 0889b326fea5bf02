using System.Text.Json.Nodes;

namespace Orrery.Machinery.Schemas;

/// <summary>The items of a list before an update, by the keys that tell them apart. Only items of a map can be told again.</summary>
internal sealed class CorrelatedItems
{
    private readonly Schema schema;
    private readonly Dictionary<string, JsonObject>? items;

    /// <param name="old">The list as it was; null on a create.</param>
    public CorrelatedItems(Schema schema, JsonArray? old)
    {
        this.schema = schema;
        if (old is null || schema.ListType != ListType.Map)
        {
            return;
        }

        items = new Dictionary<string, JsonObject>(old.Count, StringComparer.Ordinal);
        foreach (JsonObject item in old.OfType<JsonObject>())
        {
            items.TryAdd(KeyOf(item), item);
        }
    }

    /// <summary>The item as it was; null where none is known.</summary>
    public JsonNode? Of(JsonNode? item) => items is not null && item is JsonObject json ? items.GetValueOrDefault(KeyOf(json)) : null;

    private string KeyOf(JsonObject item) => string.Join('\n', schema.ListMapKeys.Select(k => ListValidation.Canonical(item[k])));
}
