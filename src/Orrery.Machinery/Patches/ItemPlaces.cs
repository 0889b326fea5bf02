using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Patches;

/// <summary>Where in a list an item stands, by its merge key or, where there is none, by its value: lists are as long as a body allows, and looked through for each of their items.</summary>
internal sealed class ItemPlaces
{
    private readonly Dictionary<string, int> places = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<JsonNode?> list;
    private readonly string key;

    /// <summary>The first item that has no key, which only a search that gets there finds at fault.</summary>
    private readonly int faulty;

    public ItemPlaces(IReadOnlyList<JsonNode?> list, string key)
    {
        this.list = list;
        this.key = key;
        for (faulty = 0; faulty < list.Count; faulty++)
        {
            if (key.Length > 0 && (list[faulty] is not JsonObject item || !item.ContainsKey(key)))
            {
                return;
            }

            places.TryAdd(Text(key.Length == 0 ? list[faulty] : ((JsonObject)list[faulty]!)[key]), faulty);
        }
    }

    /// <summary>The first place of an item that is the same, or -1.</summary>
    /// <exception cref="Api.StatusException">An item that had to be looked at has no key.</exception>
    public int Of(JsonNode? item)
    {
        if (list.Count == 0)
        {
            return -1;
        }

        if (key.Length > 0 && faulty == 0)
        {
            ListOrder.KeyOf(list[0], key);
        }

        if (places.TryGetValue(Text(key.Length == 0 ? item : ListOrder.KeyOf(item, key)), out int place))
        {
            return place;
        }

        if (faulty < list.Count)
        {
            ListOrder.KeyOf(list[faulty], key);
        }

        return -1;
    }

    /// <summary>The same for values that are equal.</summary>
    public static string Text(JsonNode? value) => value?.GetValueKind() == JsonValueKind.String ? "s" + value.GetValue<string>() : Schemas.ListValidation.Canonical(value);
}
