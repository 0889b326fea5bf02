using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Controllers.Mirror;

/// <summary>Turns an event of a data plane into the event that its tenant sees. Pure.</summary>
internal static class EventMirror
{
    private static readonly string[] Kept =
    [
        "reason", "message", "type", "count", "firstTimestamp", "lastTimestamp", "eventTime", "series", "action", "source", "reportingComponent", "reportingInstance",
    ];

    /// <param name="json">As it is in the data plane.</param>
    /// <param name="about">Name and uid, in the virtual cluster, of what it is about; the uid is empty while that is not there.</param>
    public static JsonObject Build(JsonObject json, MirrorKey key, string dataPlane, (string Name, string Uid) about)
    {
        var involved = new JsonObject
        {
            ["apiVersion"] = json.TextAt("involvedObject", "apiVersion"),
            ["kind"] = json.TextAt("involvedObject", "kind"),
            ["namespace"] = key.Object.Namespace,
            ["name"] = about.Name,
        };
        if (about.Uid.Length > 0)
        {
            involved["uid"] = about.Uid;
        }

        if (json.TextAt("involvedObject", "fieldPath") is { } path)
        {
            involved["fieldPath"] = path;
        }

        var made = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Event",
            ["metadata"] = PodMirror.Metadata(json, key, dataPlane),
            ["involvedObject"] = involved,
        };
        foreach (string name in Kept)
        {
            if (json[name] is { } value)
            {
                made[name] = value.DeepClone();
            }
        }

        if (json.TextAt("message") is { } message)
        {
            // A mirrored pod's name says where it is; what one object does in each data plane must say it itself.
            string shown = TakenMachines.Hide(message);
            made["message"] = json.TextAt("involvedObject", "kind") is "Pod" or "Node" ? shown : $"{dataPlane}: {shown}";
        }

        return made;
    }

    /// <summary>Whether what people read of the two is the same.</summary>
    public static bool IsSame(KubeObject present, JsonObject wanted) =>
        Kept.Append("involvedObject").All(name => wanted[name] is null
            || JsonComparison.IsSame(present.At(name), wanted[name]));
}
