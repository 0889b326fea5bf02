using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Controllers.Status;

/// <summary>Sums the statuses of the kinds of apps/v1. Fields that upstream leaves out at zero are left out at zero.</summary>
internal static class WorkloadStatus
{
    public static void Deployment(JsonObject status, IReadOnlyList<PlaneReport> known, ConditionMerge conditions)
    {
        foreach (string field in (ReadOnlySpan<string>)["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas", "terminatingReplicas"])
        {
            Sum(status, known, field, always: false);
        }

        Available(known, conditions);
        Progressing(known, conditions);
        conditions.All(known, "Available", "Progressing");
    }

    public static void StatefulSet(JsonObject status, IReadOnlyList<PlaneReport> known, ConditionMerge conditions)
    {
        Sum(status, known, "replicas", always: true);
        Sum(status, known, "availableReplicas", always: true);
        foreach (string field in (ReadOnlySpan<string>)["readyReplicas", "currentReplicas", "updatedReplicas"])
        {
            Sum(status, known, field, always: false);
        }

        // Revisions are hashes of each data plane's own. One that is still updating speaks for all.
        PlaneReport? speaker = known.FirstOrDefault(r => r.Text("currentRevision") != r.Text("updateRevision")) ?? known.FirstOrDefault(r => r.Text("updateRevision") is not null);
        Copy(status, speaker, "currentRevision");
        Copy(status, speaker, "updateRevision");
        conditions.All(known);
    }

    public static void DaemonSet(JsonObject status, IReadOnlyList<PlaneReport> known, ConditionMerge conditions)
    {
        foreach (string field in (ReadOnlySpan<string>)["currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"])
        {
            Sum(status, known, field, always: true);
        }

        foreach (string field in (ReadOnlySpan<string>)["updatedNumberScheduled", "numberAvailable", "numberUnavailable"])
        {
            Sum(status, known, field, always: false);
        }

        conditions.All(known);
    }

    public static void ReplicaSet(JsonObject status, IReadOnlyList<PlaneReport> known, ConditionMerge conditions)
    {
        Sum(status, known, "replicas", always: true);
        foreach (string field in (ReadOnlySpan<string>)["fullyLabeledReplicas", "readyReplicas", "availableReplicas"])
        {
            Sum(status, known, field, always: false);
        }

        conditions.All(known);
    }

    /// <summary>Whether replicas there are still to be made (of a StatefulSet: to become ready), without anything that keeps them from it for good.</summary>
    public static bool HasOnlyBegun(KubeObject source, PlaneReport report) => report.Wanted is { } wanted && source.Kind switch
    {
        "Deployment" => report.Number("updatedReplicas") < wanted
            && source.At("spec", "paused") is not { ValueKind: JsonValueKind.True }
            && (report.Condition("Progressing") is not { } progressing || ConditionMerge.Text(progressing, "status") != "False"),
        "StatefulSet" => report.Number("readyReplicas") < wanted,
        _ => false,
    };

    public static void Sum(JsonObject status, IReadOnlyList<PlaneReport> known, string field, bool always)
    {
        long sum = known.Sum(r => r.Number(field));
        if (always || sum != 0)
        {
            status[field] = sum;
        }
    }

    public static void Copy(JsonObject status, PlaneReport? from, string field)
    {
        if (from?.Text(field) is { } text)
        {
            status[field] = text;
        }
    }

    /// <summary>Available only where every data plane that reports is.</summary>
    private static void Available(IReadOnlyList<PlaneReport> known, ConditionMerge conditions)
    {
        List<PlaneReport> not = [.. known.Where(r => r.Condition("Available") is not { } c || ConditionMerge.Text(c, "status") != "True")];
        JsonElement? like = Latest(known, "Available");
        if (known.Count == 0)
        {
            conditions.Set("Available", "Unknown", "NoDataPlaneReports", "no data plane reports on this Deployment");
        }
        else if (not.Count == 0)
        {
            conditions.Set("Available", "True", "MinimumReplicasAvailable", $"available in {Spread.Names(known)}", like);
        }
        else
        {
            conditions.Set("Available", "False", "MinimumReplicasUnavailable", $"not available in {Spread.Names(not)}", like);
        }
    }

    /// <summary>A rollout that failed anywhere failed; one that still runs anywhere still runs.</summary>
    private static void Progressing(IReadOnlyList<PlaneReport> known, ConditionMerge conditions)
    {
        JsonElement? Condition(PlaneReport r) => r.Condition("Progressing");
        bool Complete(PlaneReport r) => Condition(r) is { } c && ConditionMerge.Text(c, "reason") == "NewReplicaSetAvailable" && ConditionMerge.Text(c, "status") == "True";
        JsonElement? like = Latest(known, "Progressing");
        if (known.Count == 0)
        {
            return;
        }

        if (known.FirstOrDefault(r => Condition(r) is { } c && ConditionMerge.Text(c, "status") == "False") is { } failed)
        {
            JsonElement c = Condition(failed)!.Value;
            conditions.Set("Progressing", "False", ConditionMerge.Text(c, "reason"), $"{failed.DataPlane}: {ConditionMerge.Text(c, "message")}", like);
        }
        else if (known.FirstOrDefault(r => !Complete(r)) is { } running)
        {
            string reason = Condition(running) is { } c ? ConditionMerge.Text(c, "reason") : "WaitingForDataPlane";
            conditions.Set("Progressing", "True", reason, $"in progress in {Spread.Names(known.Where(r => !Complete(r)))}", like);
        }
        else
        {
            conditions.Set("Progressing", "True", "NewReplicaSetAvailable", $"complete in {Spread.Names(known)}", like);
        }
    }

    /// <summary>The reported condition that was updated last; times in RFC 3339 and UTC sort as text.</summary>
    private static JsonElement? Latest(IReadOnlyList<PlaneReport> known, string type)
    {
        JsonElement? latest = null;
        foreach (PlaneReport report in known)
        {
            if (report.Condition(type) is { } c && (latest is null || string.CompareOrdinal(ConditionMerge.Text(c, "lastUpdateTime"), ConditionMerge.Text(latest.Value, "lastUpdateTime")) > 0))
            {
                latest = c;
            }
        }

        return latest;
    }
}
