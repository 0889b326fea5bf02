using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Patches;

/// <summary>The members of a strategic merge patch that are instructions and not values.</summary>
internal static class PatchDirectives
{
    public const string Marker = "$patch";
    public const string Replace = "replace";
    public const string Delete = "delete";
    public const string Merge = "merge";
    public const string Retain = "$retainKeys";
    public const string DeleteFromPrimitiveList = "$deleteFromPrimitiveList";
    public const string SetElementOrder = "$setElementOrder";

    public static string? Text(JsonNode? value) => value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    /// <summary>The list that <c>$setElementOrder/containers</c> and its like speak of.</summary>
    public static string FieldOf(string directive, string prefix) =>
        directive.Length > prefix.Length + 1 && directive[prefix.Length] == '/'
            ? directive[(prefix.Length + 1)..]
            : throw ApiErrors.BadRequest(prefix == SetElementOrder ? "invalid patch format of setElementOrder list" : "invalid patch format of primitive list");

    public static StatusException UnknownType(JsonNode? type, JsonObject patch) =>
        PatchErrors.Plain($"unknown patch type: {GoText.Plain(type)} in map: {GoText.Plain(patch)}");

    /// <summary>Removes from <paramref name="live"/> every member that <c>$retainKeys</c> does not name.</summary>
    public static void RetainKeys(JsonObject live, JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(Retain, out JsonNode? directive))
        {
            return;
        }

        if (directive is not JsonArray list)
        {
            throw ApiErrors.BadRequest("invalid patch format of retainKeys");
        }

        var retained = new HashSet<string?>(list.Select(Text), StringComparer.Ordinal);
        foreach ((string name, JsonNode? value) in patch)
        {
            if (value is not null && name != Retain && !retained.Contains(name)
                && !name.StartsWith(DeleteFromPrimitiveList, StringComparison.Ordinal) && !name.StartsWith(SetElementOrder, StringComparison.Ordinal))
            {
                throw ApiErrors.BadRequest("invalid patch format of retainKeys");
            }
        }

        foreach (string name in live.Select(m => m.Key).Where(k => !retained.Contains(k)).ToList())
        {
            live.Remove(name);
        }
    }

    /// <summary>
    /// A copy of a value that is new to the object: without nulls in objects, and without every object that holds <c>$patch</c>, whatever that says. Other directives are members like any
    /// other here, which the object's kind does not know (upstream's <c>discardNullValuesFromPatch</c> and <c>removeDirectives</c>).
    /// </summary>
    /// <returns>Null: nothing is left of it, not even an empty object.</returns>
    public static JsonNode? Strip(JsonNode value)
    {
        switch (value)
        {
            case JsonObject o when o.ContainsKey(Marker):
                return null;
            case JsonObject o:
                var members = new JsonObject();
                foreach ((string name, JsonNode? member) in o)
                {
                    if (member is not null && Strip(member) is { } kept)
                    {
                        members[name] = kept;
                    }
                }

                return members;
            default:
                return value is JsonArray a ? Strip(a) : value.DeepClone();
        }
    }

    /// <summary>As for any value; of a list itself something is always left.</summary>
    public static JsonArray Strip(JsonArray list)
    {
        var items = new JsonArray();
        foreach (JsonNode? item in list)
        {
            if (item is null)
            {
                items.Add(null);
            }
            else if (Strip(item) is { } kept)
            {
                items.Add(kept);
            }
        }

        return items;
    }
}
