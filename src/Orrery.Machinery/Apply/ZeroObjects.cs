using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>
/// What upstream compares a newly created object with: its Go type's zero value as JSON, in which members that are
/// never omitted are there already. It decides whether <c>f:strategy</c> itself is owned, or only what is in it.
/// </summary>
internal static class ZeroObjects
{
    private static readonly ConditionalWeakTable<Schema, JsonObject> Made = [];

    /// <summary>Shared: must not be changed. Empty for custom resources, which start from nothing.</summary>
    public static JsonObject Of(Schema root) => Made.GetValue(root, static s => s.Name is null ? [] : Make(s));

    private static JsonObject Make(Schema schema)
    {
        var zero = new JsonObject();
        JsonObject before;
        do
        {
            // Each round completes the structures that the round before has put in.
            before = (JsonObject)zero.DeepClone();
            GoShape.Normalize(zero, schema);
        }
        while (!JsonNode.DeepEquals(before, zero));

        return zero;
    }
}
