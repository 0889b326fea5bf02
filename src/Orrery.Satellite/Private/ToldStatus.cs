using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Satellite.Private;

/// <summary>
/// What the vendor is told of the status of an object that was fetched: how far it is, and no more. Left out is what only the tenant's own controllers need
/// between two looks, among it digests of what was rendered, by which values could be guessed. Pure.
/// </summary>
internal static class ToldStatus
{
    private static readonly string[] OfAll = ["observedGeneration", "conditions", "phase", "summary", "wantedRelease", "releaseInForce"];
    private static readonly string[] OfADataPlane = ["name", "phase", "reason", "message", "wanted", "inForce", "revision", "objects", "ready", "since"];

    /// <param name="status">Of a Work; changed in place.</param>
    /// <param name="work">That holds the object.</param>
    public static void Confine(JsonObject status, KubeObject work)
    {
        if (status["feedback"] is not JsonObject feedback)
        {
            return;
        }

        JsonObject told = Only(feedback, OfAll);
        if (work.TextAt("spec", "manifest", "kind") == "Installation" && feedback["dataPlanes"] is JsonArray planes)
        {
            told["dataPlanes"] = new JsonArray([.. planes.OfType<JsonObject>().Select(p => (JsonNode)Only(p, OfADataPlane))]);
        }

        status["feedback"] = told;
    }

    private static JsonObject Only(JsonObject from, string[] names)
    {
        var some = new JsonObject();
        foreach (string name in names)
        {
            if (from[name] is { } value)
            {
                some[name] = value.DeepClone();
            }
        }

        return some;
    }
}
