using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Status;

/// <summary>The condition that says from which data planes the numbers beside it come.</summary>
internal static class Spread
{
    public static void Set(ConditionMerge conditions, IReadOnlyList<PlaneReport> all)
    {
        List<PlaneReport> silent = [.. all.Where(r => !r.IsReporting)];
        List<PlaneReport> refused = [.. all.Where(r => r.IsReporting && r.Applied.Status == "False")];
        List<PlaneReport> held = [.. all.Where(r => r.IsReporting && r.IsHeld)];
        List<PlaneReport> waiting = [.. all.Where(r => r.IsReporting && r.Applied.Status == "Unknown")];
        if (all.Count == 0)
        {
            conditions.Set(OrreryNames.SpreadCondition, "False", "NotPlaced", "no data plane is chosen for this object");
        }
        else if (silent.Count > 0)
        {
            conditions.Set(
                OrreryNames.SpreadCondition,
                "Unknown",
                "DataPlaneSilent",
                $"{string.Join("; ", silent.Select(r => $"{r.DataPlane} is not counted: {r.Silence}"))}");
        }
        else if (refused.Count > 0)
        {
            conditions.Set(
                OrreryNames.SpreadCondition, "False", "NotApplied", string.Join("; ", refused.Select(r => $"{r.DataPlane}: {r.Applied.Message}")));
        }
        else if (held.Count > 0)
        {
            conditions.Set(OrreryNames.SpreadCondition, "False", "DataPlanePaused", $"paused, and not changed since: {Names(held)}");
        }
        else if (waiting.Count > 0)
        {
            conditions.Set(
                OrreryNames.SpreadCondition, "False", "WaitingForDataPlane", $"not applied yet: {Names(waiting)}");
        }
        else
        {
            conditions.Set(OrreryNames.SpreadCondition, "True", "AllReporting", $"reported by {Names(all)}");
        }
    }

    /// <summary>Whether an object's status was ever summed.</summary>
    public static bool IsTold(KubeObject source) =>
        source.At("status", "conditions") is { ValueKind: JsonValueKind.Array } conditions
        && conditions.EnumerateArray().Any(c => c.TryGetProperty("type", out JsonElement type) && type.ValueEquals(OrreryNames.SpreadCondition));

    public static string Names(IEnumerable<PlaneReport> reports) => string.Join(", ", reports.Select(r => r.DataPlane));
}
