using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Status;

/// <summary>
/// Containers that have ended for good do not run again, so that no server takes a status that says so of a pod. Of one that a tenant placed it may be true: that was made anew, or runs in another data
/// plane. What was said of the former is forgotten first. Pure.
/// </summary>
internal static class EndedContainers
{
    private static readonly string[] Beside = ["ephemeralContainerStatuses"];

    /// <param name="status">That it is to have.</param>
    /// <returns>A patch of the present status; of nothing but a test where nothing is in the way.</returns>
    public static JsonArray RunAgain(KubeObject pod, JsonObject status)
    {
        var patch = new JsonArray(new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = pod.Uid });
        string[] lists = pod.Kind != "Pod" ? [] : pod.TextAt("spec", "restartPolicy") == "Always" ? Beside : [.. Beside, "containerStatuses", "initContainerStatuses"];
        foreach (string list in lists)
        {
            HashSet<string> ended = [.. Ended(pod.At("status", list))];
            if ((status[list] as JsonArray ?? []).OfType<JsonObject>().Any(c => ended.Contains(c.TextAt("name") ?? "") && c.NodeAt("state", "terminated") is null))
            {
                patch.Add((JsonNode)new JsonObject { ["op"] = "remove", ["path"] = "/status/" + list });
            }
        }

        return patch;
    }

    private static IEnumerable<string> Ended(JsonElement? list) => list is { ValueKind: JsonValueKind.Array } items
        ? items.EnumerateArray().Where(c => c.TryGetProperty("state", out JsonElement state) && state.TryGetProperty("terminated", out _)).Select(c => c.GetProperty("name").GetString() ?? "")
        : [];
}
