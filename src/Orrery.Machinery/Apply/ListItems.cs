using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>Names the items of lists that are owned item by item.</summary>
internal static class ListItems
{
    /// <summary>The path element of an item, or null with the reason when it has none.</summary>
    public static PathElement? ElementOf(Schema list, JsonNode? item, out string? fault)
    {
        fault = null;
        if (list.ListType == ListType.Set)
        {
            fault = item switch
            {
                null => "associative list without keys has an element that's an explicit null",
                JsonArray => "not supported: associative list with lists as elements",
                JsonObject => "associative list without keys has an element that's a map type",
                _ => null,
            };
            return fault is null ? PathElement.OfValue(Scalar.From(item)!) : null;
        }

        if (item is not JsonObject o)
        {
            fault = item is null ? "associative list with keys may not have a null element" : "associative list with keys may not have non-map elements";
            return null;
        }

        // A key that an item leaves out, and that has no default, is left out of its name as well: such items are entries of their own.
        var keys = new List<KeyPart>(list.ListMapKeys.Count);
        foreach (string name in list.ListMapKeys)
        {
            if (!o.TryGetPropertyValue(name, out JsonNode? value) && (value = Shapes.Member(list.Items, name)?.Default) is null)
            {
                continue;
            }

            if (Scalar.From(value) is not { } scalar)
            {
                fault = $"associative list with keys has an element whose key field \"{name}\" is no scalar";
                return null;
            }

            keys.Add(new KeyPart(name, scalar));
        }

        if (keys.Count == 0)
        {
            fault = $"associative list with keys has an element that omits all key fields [{string.Join(' ', list.ListMapKeys.Select(k => $"\"{k}\""))}] (and doesn't have default values for any key fields)";
            return null;
        }

        return PathElement.OfKeys([.. keys]);
    }

    /// <summary>The items that can be named, in order of their first appearance.</summary>
    public static ItemIndex Index(Schema list, JsonNode? value)
    {
        if (value is not JsonArray { Count: > 0 } array)
        {
            return ItemIndex.Empty;
        }

        var elements = new List<PathElement>(array.Count);
        var byElement = new Dictionary<PathElement, JsonNode?>(array.Count);
        Dictionary<PathElement, List<JsonNode?>>? repeated = null;
        foreach (JsonNode? item in array)
        {
            if (ElementOf(list, item, out _) is not { } element)
            {
                continue;
            }

            if (byElement.TryAdd(element, item))
            {
                elements.Add(element);
                continue;
            }

            repeated ??= [];
            if (!repeated.TryGetValue(element, out List<JsonNode?>? same))
            {
                repeated[element] = same = [byElement[element]];
            }

            same.Add(item);
        }

        return new ItemIndex(elements, byElement, repeated);
    }
}

/// <summary>A list's items by path element.</summary>
/// <param name="Items">Of several with one name the first.</param>
/// <param name="Repeated">All items of a name that several have: they are owned as a whole (structured-merge-diff, <c>typed/compare.go</c>). Null where there are none.</param>
internal sealed record ItemIndex(List<PathElement> Order, Dictionary<PathElement, JsonNode?> Items, Dictionary<PathElement, List<JsonNode?>>? Repeated = null)
{
    public static readonly ItemIndex Empty = new([], []);

    /// <summary>Null where at most one item has the name.</summary>
    public List<JsonNode?>? RepeatedAt(PathElement element) => Repeated?.GetValueOrDefault(element);
}
