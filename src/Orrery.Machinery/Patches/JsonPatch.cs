using System.Text.Json.Nodes;

namespace Orrery.Machinery.Patches;

/// <summary>RFC 6902 JSON Patch, configured as the Kubernetes API server configures it.</summary>
public static class JsonPatch
{
    /// <summary>Reads a request body as a list of operations.</summary>
    /// <exception cref="Api.StatusException">400 when it is no list of operations, 413 when it holds more than 10,000.</exception>
    public static JsonArray Decode(JsonNode? body) => throw new NotImplementedException();

    /// <summary>
    /// Carries the operations out in order and returns the new document. <paramref name="document"/> is changed in
    /// place and must not be used again when this throws.
    /// </summary>
    /// <exception cref="Api.StatusException">422 when an operation is unknown or cannot be carried out, or a test fails.</exception>
    public static JsonNode? Apply(JsonNode? document, JsonArray patch) => throw new NotImplementedException();
}
