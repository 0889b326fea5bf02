using System.Text.Json.Nodes;

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

    public static void CronJob(JsonObject status, IReadOnlyList<PlaneReport> known)
    {
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
