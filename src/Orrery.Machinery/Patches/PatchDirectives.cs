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

    /// <summary>A copy of a value that is new to the object: without nulls in objects, without directives.</summary>
    public static JsonNode Strip(JsonNode value)
    {
        switch (value)
        {
            case JsonObject o:
                var members = new JsonObject();
                foreach ((string name, JsonNode? member) in o)
                {
                    if (member is not null && !IsDirective(name))
                    {
                        members[name] = Strip(member);
                    }
                }

                return members;
            case JsonArray a:
                var items = new JsonArray();
                foreach (JsonNode? item in a)
                {
                    if (item is JsonObject candidate && Text(candidate[Marker]) == Delete)
                    {
                        continue;
                    }

                    // {"$patch": "replace"} is a mark beside the items and none of them.
                    if (item is JsonObject { Count: 1 } mark && Text(mark[Marker]) == Replace)
                    {
                        continue;
                    }

                    items.Add(item is null ? null : Strip(item));
                }

                return items;
            default:
                return value.DeepClone();
        }
    }

    private static bool IsDirective(string name) =>
        name.StartsWith('$') && (name is Marker or Retain
            || name.StartsWith(DeleteFromPrimitiveList + "/", StringComparison.Ordinal) || name.StartsWith(SetElementOrder + "/", StringComparison.Ordinal));
}
