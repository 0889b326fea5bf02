using System.Text.Json.Nodes;

namespace Orrery.Machinery.Patches;

/// <summary>RFC 7386 JSON merge patch.</summary>
public static class MergePatch
{
    /// <summary>Reads a request body as a merge (or strategic merge) patch of an object.</summary>
    /// <exception cref="Api.StatusException">400 when it is no object.</exception>
    public static JsonObject Decode(JsonNode? body) => body as JsonObject
        ?? throw PatchErrors.Undecodable($"json: cannot unmarshal {GoText.JsonTypeOf(body)} into Go value of type map[string]interface {{}}");

    /// <summary>Merges <paramref name="patch"/> into <paramref name="target"/> in place and returns it; null members delete. The patch stays as it is.</summary>
    public static JsonObject Apply(JsonObject target, JsonObject patch)
    {
        foreach ((string name, JsonNode? value) in patch)
        {
            if (value is null)
            {
                target.Remove(name);
            }
            else if (value is not JsonObject inner)
            {
                target[name] = value.DeepClone();
            }
            else if (target[name] is JsonObject existing)
            {
                Apply(existing, inner);
            }
            else
            {
                // Nulls inside a new object delete nothing, but must not be stored either.
                target[name] = Apply([], inner);
            }
        }

        return target;
    }
}
