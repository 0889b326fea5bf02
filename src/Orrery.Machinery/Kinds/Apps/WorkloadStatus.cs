using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Apps;

/// <summary>Rules for the counts that workload controllers report.</summary>
internal static class WorkloadStatus
{
    public static void Validate(JsonObject status, Faults faults, params ReadOnlySpan<string> counts)
    {
        foreach (string count in counts)
        {
            faults.MayNotBeNegative("status." + count, status.Number(count));
        }
    }

    public static void NotAbove(JsonObject status, string count, long most, string detail, Faults faults)
    {
        if (status.Number(count) is { } value && value > most)
        {
            faults.Invalid("status." + count, value, detail);
        }
    }

    public static void CollisionsMayNotDecrease(JsonObject status, JsonObject? old, Faults faults)
    {
        if (old?.Number("collisionCount") is { } before && (status.Number("collisionCount") ?? 0) < before)
        {
            faults.Invalid("status.collisionCount", status.Number("collisionCount") ?? 0, "cannot be decremented");
        }
    }
}
