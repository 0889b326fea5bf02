using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Patches;

/// <summary>How a field's list takes a patch.</summary>
/// <param name="IsMerged">False: the patch replaces the list.</param>
/// <param name="Key">Member that tells objects apart; empty for lists of scalars.</param>
internal readonly record struct ListStrategy(bool IsMerged, string Key, Schema? Items)
{
    public static ListStrategy Of(Schema? field) =>
        new(field?.PatchStrategies.Contains("merge") == true, field?.PatchMergeKey ?? "", field?.Items);
}

/// <summary>Merges a patch's list into an object's: by merge key, or as a set of scalars.</summary>
internal static class ListMerge
{
    public static JsonArray Merge(JsonArray live, JsonArray patch, ListStrategy strategy, bool isDeletion)
    {
        if (!strategy.IsMerged)
        {
            return (JsonArray)patch.DeepClone();
        }

        List<JsonNode?> before = Detach(live);
        List<JsonNode?> merged = MergeItems(before, patch, strategy, isDeletion, out List<JsonNode?> server, out List<JsonNode?> wanted);
        if (!isDeletion)
        {
            merged = ListOrder.Arrange(merged, wanted, server, strategy.Key);
        }

        return Fill(live, merged);
    }

    /// <summary>Carries out <c>$setElementOrder/field</c>, merging the patch's own list for the field first.</summary>
    public static void SetOrder(JsonObject live, JsonObject patch, string field, JsonNode? directive, ListStrategy strategy)
    {
        JsonArray order = List(directive);
        JsonArray? liveList = live.TryGetPropertyValue(field, out JsonNode? l) && l is not null ? List(l) : null;
        JsonArray? patchList = patch.TryGetPropertyValue(field, out JsonNode? p) ? List(p) : null;
        if (patchList is not null)
        {
            ListOrder.Validate(patchList, order, strategy.Key);
        }

        List<JsonNode?> server = liveList is null ? [] : [.. liveList.Select(x => x?.DeepClone())];
        JsonArray merged;
        if (liveList is null)
        {
            if (patchList is null)
            {
                return;
            }

            merged = PatchDirectives.Strip(patchList);
        }
        else
        {
            merged = patchList is null ? liveList : Merge(liveList, patchList, strategy, false);
        }

        List<JsonNode?> arranged = ListOrder.Arrange(Detach(merged), [.. order], server, strategy.Key);
        Fill(merged, arranged);
        if (!ReferenceEquals(merged, liveList))
        {
            live[field] = merged;
        }
    }

    /// <param name="server">The live items that stayed, in their order.</param>
    /// <param name="wanted">The patch's items, in their order.</param>
    private static List<JsonNode?> MergeItems(
        List<JsonNode?> before, JsonArray patch, ListStrategy strategy, bool isDeletion, out List<JsonNode?> server, out List<JsonNode?> wanted)
    {
        wanted = [.. patch];
        server = before;
        if (!HoldsObjects(before, patch))
        {
            if (isDeletion)
            {
                var gone = patch.Select(ItemPlaces.Text).ToHashSet(StringComparer.Ordinal);
                return before.FindAll(x => !gone.Contains(ItemPlaces.Text(x)));
            }

            List<JsonNode?> union = [];
            var known = new HashSet<string>(StringComparer.Ordinal);
            foreach (JsonNode? item in before.Concat(patch))
            {
                if (known.Add(ItemPlaces.Text(item)))
                {
                    union.Add(item?.Parent is null ? item : item.DeepClone());
                }
            }

            return union;
        }

        if (strategy.Key.Length == 0)
        {
            throw PatchErrors.Plain("cannot merge lists without merge key for type map");
        }

        server = Special(before, patch, strategy.Key, out wanted);
        return MergeObjects(server, wanted, strategy);
    }

    /// <summary>Carries out the directives among the patch's items.</summary>
    private static List<JsonNode?> Special(List<JsonNode?> live, JsonArray patch, string key, out List<JsonNode?> plain)
    {
        plain = [];
        List<JsonNode?> kept = [.. live];
        var gone = new HashSet<string>(StringComparer.Ordinal);
        bool replace = false;
        foreach (JsonObject item in patch.Cast<JsonObject>())
        {
            if (!item.TryGetPropertyValue(PatchDirectives.Marker, out JsonNode? type))
            {
                plain.Add(item);
                continue;
            }

            switch (PatchDirectives.Text(type))
            {
                case PatchDirectives.Delete:
                    gone.Add(ItemPlaces.Text(ListOrder.KeyOf(item, key)));
                    break;
                case PatchDirectives.Replace:
                    replace = true;
                    break;
                case PatchDirectives.Merge:
                    throw PatchErrors.Plain("merging lists cannot yet be specified in the patch");
                default:
                    throw PatchDirectives.UnknownType(type, item);
            }
        }

        if (!replace)
        {
            kept.RemoveAll(x => x is JsonObject o && o.TryGetPropertyValue(key, out JsonNode? own) && gone.Contains(ItemPlaces.Text(own)));
            return kept;
        }

        kept = plain.ConvertAll(x => x?.DeepClone());
        plain = [];
        return kept;
    }

    private static List<JsonNode?> MergeObjects(List<JsonNode?> live, List<JsonNode?> patch, ListStrategy strategy)
    {
        List<JsonNode?> merged = [.. live];
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < merged.Count; i++)
        {
            if (((JsonObject)merged[i]!).TryGetPropertyValue(strategy.Key, out JsonNode? own))
            {
                places.TryAdd(ItemPlaces.Text(own), i);
            }
        }

        foreach (JsonObject item in patch.Cast<JsonObject>())
        {
            string value = ItemPlaces.Text(ListOrder.KeyOf(item, strategy.Key));
            if (!places.TryGetValue(value, out int at))
            {
                places.Add(value, merged.Count);
                // As it is: what it says by directives is only done where it meets an item (upstream appends it unread).
                merged.Add(item.DeepClone());
            }
            else
            {
                merged[at] = StrategicMergePatch.MergeObject((JsonObject)merged[at]!, item, strategy.Items);
            }
        }

        return merged;
    }

    /// <summary>Whether the items are objects; they must all be of one kind, and no lists.</summary>
    private static bool HoldsObjects(List<JsonNode?> live, JsonArray patch)
    {
        JsonValueKind? kind = null;
        foreach (JsonNode? item in live.Concat(patch))
        {
            JsonValueKind current = item?.GetValueKind() switch { null => JsonValueKind.Null, JsonValueKind.False => JsonValueKind.True, { } k => k };
            if (current == JsonValueKind.Array)
            {
                throw PatchErrors.Rejected("lists of lists are not supported");
            }

            if (kind is not null && kind != current)
            {
                throw PatchErrors.Plain($"list element types are not identical: [{GoText.Plain(new JsonArray([.. live.Select(x => x?.DeepClone())]))} {GoText.Plain(patch)}]");
            }

            kind = current;
        }

        return kind == JsonValueKind.Object;
    }

    private static JsonArray List(JsonNode? value) =>
        value as JsonArray ?? throw PatchErrors.Plain($"expected a []interface {{}}, but received a {(value is null ? "<nil>" : GoText.JsonTypeOf(value))}");

    private static List<JsonNode?> Detach(JsonArray list)
    {
        List<JsonNode?> items = [.. list];
        list.Clear();
        return items;
    }

    private static JsonArray Fill(JsonArray list, List<JsonNode?> items)
    {
        foreach (JsonNode? item in items)
        {
            list.Add(item);
        }

        return list;
    }
}
