using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Patches;

/// <summary>
/// The order of a merged list: items that the patch names stand as the patch orders them, items that only the
/// server has stand as they stood, and the two rows are zipped by the order they had on the server.
/// </summary>
internal static class ListOrder
{
    public static List<JsonNode?> Arrange(List<JsonNode?> merged, List<JsonNode?> wanted, List<JsonNode?> server, string key)
    {
        var places = (Wanted: new ItemPlaces(wanted, key), Server: new ItemPlaces(server, key));
        var named = new List<(JsonNode? Item, int Rank)>();
        var others = new List<(JsonNode? Item, int Rank)>();
        foreach (JsonNode? item in merged)
        {
            int rank = places.Wanted.Of(item);
            if (rank >= 0)
            {
                named.Add((item, rank));
            }
            else
            {
                others.Add((item, places.Server.Of(item)));
            }
        }

        List<JsonNode?> right = [.. named.OrderBy(x => x.Rank).Select(x => x.Item)];
        List<JsonNode?> left = [.. others.OrderBy(x => x.Rank).Select(x => x.Item)];
        var result = new List<JsonNode?>(merged.Count);
        int l = 0;
        foreach (JsonNode? item in right)
        {
            int place = places.Server.Of(item);
            while (place >= 0 && l < left.Count && places.Server.Of(left[l]) is >= 0 and int standing && standing < place)
            {
                result.Add(left[l++]);
            }

            result.Add(item);
        }

        result.AddRange(left.Skip(l));
        return result;
    }

    /// <summary>The patch's list must hold only items that the order names, in that order; deletions do not count.</summary>
    public static void Validate(JsonArray patch, JsonArray order, string key)
    {
        if (order.Count == 0)
        {
            return;
        }

        int at = 0;
        foreach (JsonNode? item in patch)
        {
            if (item is JsonObject o && o.ContainsKey(PatchDirectives.Marker))
            {
                continue;
            }

            while (at < order.Count && !Same(order[at], item, key))
            {
                at++;
            }

            if (at++ >= order.Count)
            {
                throw PatchErrors.Plain($"The order in patch list:\n{GoText.Plain(patch)}\n doesn't match {PatchDirectives.SetElementOrder} list:\n{GoText.Plain(order)}\n");
            }
        }
    }

    public static JsonNode? KeyOf(JsonNode? item, string key) => item is JsonObject o
        ? o.TryGetPropertyValue(key, out JsonNode? value) ? value : throw PatchErrors.Plain($"map: {GoText.Plain(o)} does not contain declared merge key: {key}")
        : throw PatchErrors.Plain($"expected a map[string]interface {{}}, but received a {GoText.JsonTypeOf(item)}");

    private static bool Same(JsonNode? a, JsonNode? b, string key) =>
        key.Length == 0 ? JsonNode.DeepEquals(a, b) : JsonNode.DeepEquals(KeyOf(a, key), KeyOf(b, key));
}
