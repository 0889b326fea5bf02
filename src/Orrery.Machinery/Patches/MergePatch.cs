using System.Text.Json.Nodes;

namespace Orrery.Machinery.Patches;

/// <summary>RFC 7386 JSON merge patch.</summary>
public static class MergePatch
{
    /// <summary>Reads a request body as a merge (or strategic merge) patch of an object.</summary>
    /// <exception cref="Api.StatusException">400 when it is no object.</exception>
    public static JsonObject Decode(JsonNode? body) => throw new NotImplementedException();

    /// <summary>Merges <paramref name="patch"/> into <paramref name="target"/> in place and returns it; null members delete.</summary>
    public static JsonObject Apply(JsonObject target, JsonObject patch) => throw new NotImplementedException();
}
