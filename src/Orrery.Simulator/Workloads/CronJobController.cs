using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Machinery.Kinds.Batch;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Workloads;

/// <summary>Makes a Job whenever a CronJob's schedule says so.</summary>
internal sealed class CronJobController(SimulatedCluster cluster) : IReconciler<ObjectKey>
{
    private const string ScheduledAt = "batch.kubernetes.io/cronjob-scheduled-timestamp";

    private static readonly (string Type, string Field, int Missing)[] Histories =
        [("Complete", "successfulJobsHistoryLimit", 3), ("Failed", "failedJobsHistoryLimit", 1)];

    private readonly EventRecorder events = cluster.Recorder("cronjob-controller");

    public ReconcilerHost<ObjectKey> Host() => Controllers.Host(cluster, "cronjob", this, cluster.CronJobs, [cluster.Jobs]);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (cluster.CronJobs.Get(key) is not { IsDeleting: false } cron)
        {
            return ReconcileResult.Done;
        }

        DateTimeOffset now = cluster.Time.GetUtcNow();
        List<KubeObject> jobs = SimulatedCluster.OwnedBy(cluster.Jobs, cron);
        await ForgetAsync(cron, jobs, cancellationToken).ConfigureAwait(false);
        List<KubeObject> active = [.. jobs.Where(j => !IsOver(j))];
        JsonObject status = cron.CopyAt("status");
        DateTimeOffset? next = null;
        if (cron.At("spec", "suspend") is not { ValueKind: JsonValueKind.True })
        {
            (CronSchedule schedule, TimeZoneInfo zone) = ScheduleOf(cron);
            if (LatestDue(cron, at => schedule.Next(at, zone), now) is { } due && await StartAsync(cron, active, due, now, cancellationToken).ConfigureAwait(false))
            {
                status["lastScheduleTime"] = Conditions.Time(due);
            }

            next = schedule.Next(now, zone);
        }

        List<KubeObject> present = SimulatedCluster.OwnedBy(cluster.Jobs, cron);
        WriteActive(status, present);
        await cluster.WriteStatusAsync(cluster.CronJobs, cron, status, cancellationToken).ConfigureAwait(false);
        return next is { } at ? ReconcileResult.After(at - now) : ReconcileResult.Done;
    }

    /// <summary>The latest time that has come since the last run and may still be started.</summary>
    private static DateTimeOffset? LatestDue(KubeObject cron, Func<DateTimeOffset, DateTimeOffset?> following, DateTimeOffset now)
    {
        DateTimeOffset since = cron.TextAt("status", "lastScheduleTime") is { } last
            ? DateTimeOffset.Parse(last, CultureInfo.InvariantCulture)
            : cron.CreationTimestamp ?? now;
        long? deadline = cron.NumberAt("spec", "startingDeadlineSeconds");
        DateTimeOffset oldest = now - TimeSpan.FromSeconds(deadline ?? TimeSpan.FromDays(1).TotalSeconds);
        since = since < oldest ? oldest : since;
        DateTimeOffset? due = null;
        for (DateTimeOffset? at = following(since); at <= now; at = following(at.Value))
        {
            due = at;
        }

        return due;
    }

    /// <returns>Whether this time is dealt with.</returns>
    private async Task<bool> StartAsync(KubeObject cron, List<KubeObject> active, DateTimeOffset due, DateTimeOffset now, CancellationToken cancellationToken)
    {
        string policy = cron.TextAt("spec", "concurrencyPolicy") ?? "Allow";
        if (policy == "Forbid" && active.Count > 0)
        {
            events.Normal(cron, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid");
            return false;
        }

        if (policy == "Replace")
        {
            foreach (KubeObject job in active)
            {
                await cluster.DeleteAsync(cluster.Jobs, job, cancellationToken).ConfigureAwait(false);
                events.Normal(cron, "SuccessfulDelete", $"Deleted job {job.Name}");
            }
        }

        try
        {
            KubeObject made = await cluster.CreateAsync(cluster.Jobs, JobFor(cron, due), cancellationToken).ConfigureAwait(false);
            events.Normal(cron, "SuccessfulCreate", $"Created job {made.Name}");
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            // Made before this process died, or by a look that could not write the status.
        }

        return true;
    }

    private async Task ForgetAsync(KubeObject cron, List<KubeObject> jobs, CancellationToken cancellationToken)
    {
        foreach ((string type, string field, int missing) in Histories)
        {
            List<KubeObject> over = [.. jobs.Where(j => !j.IsDeleting && Conditions.IsTrue(j, type))];
            foreach (KubeObject job in over.Take(Math.Max(0, over.Count - cron.IntAt(missing, "spec", field))))
            {
                await cluster.DeleteAsync(cluster.Jobs, job, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static void WriteActive(JsonObject status, List<KubeObject> jobs)
    {
        JsonNode[] active =
        [
            .. jobs.Where(j => !IsOver(j)).Select(j => new JsonObject
            {
                ["apiVersion"] = "batch/v1", ["kind"] = "Job", ["name"] = j.Name, ["namespace"] = j.Namespace, ["resourceVersion"] = j.ResourceVersion, ["uid"] = j.Uid,
            }),
        ];
        if (active.Length > 0)
        {
            status["active"] = new JsonArray(active);
        }
        else
        {
            status.Remove("active");
        }

        if (jobs.Where(j => Conditions.IsTrue(j, "Complete")).Select(j => j.TextAt("status", "completionTime")).Max(StringComparer.Ordinal) is { } last)
        {
            status["lastSuccessfulTime"] = last;
        }
    }

    private static JsonObject JobFor(KubeObject cron, DateTimeOffset due)
    {
        JsonObject template = cron.CopyAt("spec", "jobTemplate");
        JsonObject annotations = template.NodeAt("metadata", "annotations")?.DeepClone().AsObject() ?? [];
        annotations[ScheduledAt] = Conditions.Time(due);
        return new JsonObject
        {
            ["apiVersion"] = "batch/v1",
            ["kind"] = "Job",
            ["metadata"] = new JsonObject
            {
                // The minute in the name makes a second try at the same time find the first one's Job.
                ["name"] = string.Create(CultureInfo.InvariantCulture, $"{cron.Name}-{due.ToUnixTimeSeconds() / 60}"),
                ["namespace"] = cron.Namespace,
                ["labels"] = template.NodeAt("metadata", "labels")?.DeepClone(),
                ["annotations"] = annotations,
                ["ownerReferences"] = ObjectViews.OwnedBy(cron),
            },
            ["spec"] = template["spec"]?.DeepClone(),
        };
    }

    private static (CronSchedule Schedule, TimeZoneInfo Zone) ScheduleOf(KubeObject cron)
    {
        try
        {
            return (CronSchedule.Parse(cron.TextAt("spec", "schedule") ?? ""), cron.TextAt("spec", "timeZone") is { } zone ? TimeZoneInfo.FindSystemTimeZoneById(zone) : TimeZoneInfo.Utc);
        }
        catch (Exception e) when (e is FormatException or TimeZoneNotFoundException)
        {
            throw new TerminalException(e.Message, e);
        }
    }

    private static bool IsOver(KubeObject job) => Conditions.IsTrue(job, "Complete") || Conditions.IsTrue(job, "Failed");
}
