using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Installations;

/// <summary>The status of an Installation out of what stands about each data plane. Pure.</summary>
internal static class InstallationStatus
{
    private const string ResolvedCondition = "Resolved";

    /// <summary>Characters that the messages of all data planes may have together, that the object stays one that a store takes; the more there are the less room has each.</summary>
    private const int RoomForMessages = 256 * 1024;

    private const int LongestMessage = 4096;

    /// <summary>Data planes that the message of the whole quotes; the others are counted.</summary>
    private const int MostQuoted = 10;

    /// <param name="hold">Why what runs may not be changed now; null when it may.</param>
    public static JsonObject Build(InstallationPlan plan, IReadOnlyList<PlaneStatus> planes, WindowHold? hold, DateTimeOffset now)
    {
        JsonObject status = OwnKinds.StatusOf(plan.Installation);
        status["observedGeneration"] = plan.Installation.Generation;
        Put(status, "wantedRelease", plan.WantedRelease);
        Put(status, "releaseInForce", string.Join(',', planes.Select(p => p.InForce).OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)));
        Put(status, "nextMaintenanceWindow", hold?.Opens is { } opens && planes.Any(p => p.Reason == WindowHold.Reason) ? Conditions.Time(opens) : null);
        status["phase"] = Phase(planes);
        status["summary"] = $"{planes.Count(IsAsWanted)}/{planes.Count}";
        status["dataPlanes"] = new JsonArray([.. planes.OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => (JsonNode)p.Within(Math.Min(LongestMessage, RoomForMessages / planes.Count)).ToJson())]);

        (string state, string reason, string message) = Placed(plan);
        Conditions.Set(status, OrreryNames.PlacedCondition, state, reason, message, now, plan.Installation.Generation);
        Conditions.Set(
            status,
            ResolvedCondition,
            plan.Refusal is null ? Conditions.True : Conditions.False,
            plan.Refusal?.Reason ?? "Resolved",
            plan.Refusal?.Message ?? $"release {plan.WantedRelease} and all values are there",
            now,
            plan.Installation.Generation);
        (state, reason, message) = Ready(plan, planes);
        Conditions.Set(status, OrreryNames.ReadyCondition, state, reason, message, now, plan.Installation.Generation);
        return status;
    }

    private static string Phase(IReadOnlyList<PlaneStatus> planes) => Phases.Gravest.FirstOrDefault(p => planes.Any(s => s.Phase == p)) ?? Phases.Pending;

    private static bool IsAsWanted(PlaneStatus plane) => plane.Phase == Phases.Running && plane.Wanted == plane.InForce;

    private static (string State, string Reason, string Message) Placed(InstallationPlan plan)
    {
        Resolution placement = plan.Placement;
        return placement.Unknown.Count > 0 ? (Conditions.False, "UnknownName", $"there is no {string.Join(", no ", placement.Unknown)}")
            : Api.Kinds.Placement.Of(plan.Installation).IsEmpty ? (Conditions.False, "NoPlacement", "spec.placement names no data plane, virtual site or selector")
            : placement.DataPlanes.Count == 0 ? (Conditions.False, "NothingSelected", "no data plane that admits the tenant is selected")
            : (Conditions.True, "Placed", $"runs on {string.Join(", ", placement.DataPlanes.Select(d => d.Name))}");
    }

    private static (string State, string Reason, string Message) Ready(InstallationPlan plan, IReadOnlyList<PlaneStatus> planes)
    {
        if (plan.Refusal is { } refusal)
        {
            return (Conditions.False, refusal.Reason, refusal.Message);
        }

        List<PlaneStatus> others = [.. planes.Where(p => !IsAsWanted(p))];
        if (planes.Count == 0)
        {
            return (Conditions.False, "NotPlaced", "it is placed on no data plane");
        }

        if (others.Count == 0)
        {
            return (Conditions.True, "Running", $"{plan.WantedRelease} runs on {string.Join(", ", planes.Select(p => p.Name).Order(StringComparer.Ordinal))}");
        }

        PlaneStatus gravest = others.MinBy(p => Phases.Gravest.ToList().IndexOf(p.Phase))!;
        string state = others.TrueForAll(p => p.Phase is Phases.Unknown) ? Conditions.Unknown : Conditions.False;
        return (state, gravest.Phase == Phases.Failed || gravest.Reason == WindowHold.Reason ? gravest.Reason : gravest.Phase, Quoted(others));
    }

    /// <summary>What several data planes say alike is said once.</summary>
    internal static string Quoted(IReadOnlyList<PlaneStatus> others)
    {
        string[] said = [.. others.OrderBy(p => p.Name, StringComparer.Ordinal).GroupBy(p => p.Message, StringComparer.Ordinal)
            .Select(g => $"{Names([.. g.Select(p => p.Name)])}: {Conditions.Cut(g.Key, LongestMessage / 2)}")];
        return string.Join("; ", said.Take(MostQuoted)) + (said.Length > MostQuoted ? $"; and {said.Length - MostQuoted} more" : "");
    }

    private static string Names(string[] names) =>
        string.Join(", ", names.Take(MostQuoted)) + (names.Length > MostQuoted ? $" and {names.Length - MostQuoted} more" : "");

    private static void Put(JsonObject status, string name, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            status.Remove(name);
        }
        else
        {
            status[name] = value;
        }
    }
}
