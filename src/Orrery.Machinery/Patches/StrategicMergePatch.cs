using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Patches;

/// <summary>Strategic merge patch: lists are merged by the keys that the schema names (apimachinery <c>pkg/util/strategicpatch</c>).</summary>
public static class StrategicMergePatch
{
    /// <summary>Merges <paramref name="patch"/> into <paramref name="live"/> in place and returns it. <paramref name="live"/> must not be used again when this throws.</summary>
    /// <exception cref="Api.StatusException">400, 422 or 500 as upstream answers for the fault.</exception>
    public static JsonObject Apply(JsonObject live, JsonObject patch, Schema schema) => throw new NotImplementedException();
}
