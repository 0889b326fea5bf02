using System.Globalization;
using System.Text.Json.Nodes;

namespace Orrery.Hub;

/// <summary>Leases as the hub writes them.</summary>
internal static class LeaseJson
{
    public static JsonObject Make(string ns, string name) => new()
    {
        ["apiVersion"] = "coordination.k8s.io/v1",
        ["kind"] = "Lease",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
        ["spec"] = new JsonObject(),
    };

    public static string MicroTime(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
