using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Controllers.Mirror;

namespace Orrery.Controllers.Status;

/// <summary>Sums the statuses of the kinds of batch/v1.</summary>
internal static class BatchStatus
{
    public static void Job(JsonObject status, IReadOnlyList<PlaneReport> known, IReadOnlyList<PlaneReport> all, ConditionMerge conditions)
    {
        foreach (string field in (ReadOnlySpan<string>)["active", "succeeded", "failed", "ready", "terminating"])
        {
            WorkloadStatus.Sum(status, known, field, always: false);
        }

        status["uncountedTerminatedPods"] = new JsonObject();
        Time(status, known, "startTime", latest: false);

        // Done is done everywhere: a data plane that is silent may still be at it.
        bool complete = all.Count > 0 && all.All(r => r.IsReporting && r.Condition("Complete") is { } c && ConditionMerge.Text(c, "status") == "True");
        if (complete)
        {
            Time(status, known, "completionTime", latest: true);
            conditions.All(known);
        }
        else
        {
            conditions.All(known, "Complete", "SuccessCriteriaMet");
        }
    }

    /// <summary>The Jobs that run now, by the names under which they stand in the virtual cluster.</summary>
    public static void CronJob(JsonObject status, KubeObject source, IReadOnlyList<PlaneReport> known)
    {
        JsonNode[] active =
        [
            .. from report in known
               from job in report.Part("active") is { ValueKind: JsonValueKind.Array } all ? [.. all.EnumerateArray()] : Array.Empty<JsonElement>()
               select (JsonNode)new JsonObject
               {
                   ["apiVersion"] = "batch/v1",
                   ["kind"] = "Job",
                   ["name"] = MirrorNames.Mirrored(ConditionMerge.Text(job, "name"), report.DataPlane),
                   ["namespace"] = source.Namespace,
               },
        ];
        if (active.Length > 0)
        {
            status["active"] = new JsonArray(active);
        }

        Time(status, known, "lastScheduleTime", latest: true);
        Time(status, known, "lastSuccessfulTime", latest: true);
    }

    private static void Time(JsonObject status, IReadOnlyList<PlaneReport> known, string field, bool latest)
    {
        List<string> times = [.. known.Select(r => r.Text(field)).OfType<string>().Order(StringComparer.Ordinal)];
        if (times.Count > 0)
        {
            status[field] = latest ? times[^1] : times[0];
        }
    }
}
