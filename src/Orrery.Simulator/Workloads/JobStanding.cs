using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Workloads;

/// <summary>How far a Job is, from its pods.</summary>
internal sealed class JobStanding
{
    private readonly KubeObject job;
    private readonly DateTimeOffset now;
    private readonly List<KubeObject> succeeded;
    private readonly List<KubeObject> failed;
    private readonly HashSet<int> doneIndexes;
    private readonly bool indexed;
    private readonly int parallelism;

    /// <summary>Null: any one success completes it (a work queue).</summary>
    private readonly int? completions;

    public JobStanding(KubeObject job, IReadOnlyList<KubeObject> pods, DateTimeOffset now)
    {
        this.job = job;
        this.now = now;
        indexed = job.TextAt("spec", "completionMode") == "Indexed";
        parallelism = job.IntAt(1, "spec", "parallelism");
        completions = job.NumberAt("spec", "completions") is { } n ? (int)n : null;
        succeeded = [.. pods.Where(p => p.PodPhase == "Succeeded")];
        failed = [.. pods.Where(p => p.PodPhase == "Failed")];
        doneIndexes = [.. succeeded.Select(JobController.IndexOf).OfType<int>()];
        Active = [.. pods.Where(p => p.IsActivePod)];
        Failure = FindFailure();
    }

    public IReadOnlyList<KubeObject> Active { get; }

    public (string Reason, string Message)? Failure { get; }

    public bool IsOver => Failure is not null || IsComplete;

    /// <summary>When <c>activeDeadlineSeconds</c> ends it; null where there is none or it is over.</summary>
    public DateTimeOffset? Deadline =>
        !IsOver && job.NumberAt("spec", "activeDeadlineSeconds") is { } limit ? Started + TimeSpan.FromSeconds(limit) : null;

    private int Succeeded => indexed ? doneIndexes.Count : succeeded.Count;

    private bool IsComplete => completions is { } wanted ? Succeeded >= wanted : succeeded.Count > 0 && Active.Count == 0;

    private DateTimeOffset Started =>
        job.TextAt("status", "startTime") is { } text ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture) : now;

    /// <summary>The pods to make now: for an Indexed Job each with its index, else null each.</summary>
    public IReadOnlyList<int?> Missing()
    {
        int left = completions is { } wanted ? wanted - Succeeded : succeeded.Count > 0 ? 0 : parallelism;
        int count = Math.Min(parallelism, left) - Active.Count;
        if (count <= 0)
        {
            return [];
        }

        if (!indexed)
        {
            return [.. Enumerable.Repeat<int?>(null, count)];
        }

        var taken = Active.Select(JobController.IndexOf).OfType<int>().Concat(doneIndexes).ToHashSet();
        return [.. Enumerable.Range(0, completions ?? 0).Where(i => !taken.Contains(i)).Take(count).Select(i => (int?)i)];
    }

    public JsonObject Status(bool suspended)
    {
        JsonObject status = job.CopyAt("status");
        if (suspended)
        {
            status.Remove("startTime");
        }
        else
        {
            status["startTime"] ??= Conditions.Time(now);
        }

        ReplicaSetController.Count(status, "active", IsOver ? 0 : Active.Count);
        ReplicaSetController.Count(status, "succeeded", Succeeded);
        ReplicaSetController.Count(status, "failed", failed.Count);
        status["ready"] = IsOver ? 0 : Active.Count(p => p.IsReadyPod);
        status["terminating"] = 0;
        status["uncountedTerminatedPods"] ??= new JsonObject();
        if (indexed && doneIndexes.Count > 0)
        {
            status["completedIndexes"] = Ranges(doneIndexes);
        }

        if (suspended || Conditions.Find(job, "Suspended") is not null)
        {
            Set(status, "Suspended", suspended ? "True" : "False", suspended ? "JobSuspended" : "JobResumed", suspended ? "Job suspended" : "Job resumed");
        }

        if (Failure is { } failure)
        {
            Set(status, "FailureTarget", "True", failure.Reason, failure.Message);
            Set(status, "Failed", "True", failure.Reason, failure.Message);
        }
        else if (IsComplete)
        {
            const string Message = "Reached expected number of succeeded pods";
            Set(status, "SuccessCriteriaMet", "True", "CompletionsReached", Message);
            Set(status, "Complete", "True", "CompletionsReached", Message);
            status["completionTime"] ??= Conditions.Time(now);
        }

        return status;
    }

    private (string, string)? FindFailure()
    {
        int limit = job.IntAt(6, "spec", "backoffLimit");
        int restarts = Active.Where(p => job.TextAt("spec", "template", "spec", "restartPolicy") == "OnFailure").Sum(Restarts);
        if (failed.Count + restarts > limit)
        {
            return ("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }

        return job.NumberAt("spec", "activeDeadlineSeconds") is { } seconds && !IsComplete && now >= Started + TimeSpan.FromSeconds(seconds)
            ? ("DeadlineExceeded", "Job was active longer than specified deadline")
            : null;
    }

    private void Set(JsonObject status, string type, string state, string reason, string message)
    {
        if (Conditions.Set(status, type, state, reason, message, now))
        {
            status["conditions"]!.AsArray().OfType<JsonObject>().First(c => c.TextAt("type") == type)["lastProbeTime"] = Conditions.Time(now);
        }
    }

    private static int Restarts(KubeObject pod) =>
        pod.At("status", "containerStatuses") is { ValueKind: System.Text.Json.JsonValueKind.Array } all ? all.EnumerateArray().Sum(c => c.GetProperty("restartCount").GetInt32()) : 0;

    /// <summary>0,1,2,5 as <c>0-2,5</c>.</summary>
    private static string Ranges(HashSet<int> indexes)
    {
        int[] sorted = [.. indexes.Order()];
        var text = new StringBuilder();
        for (int i = 0; i < sorted.Length;)
        {
            int end = i;
            while (end + 1 < sorted.Length && sorted[end + 1] == sorted[end] + 1)
            {
                end++;
            }

            text.Append(text.Length > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $"{sorted[i]}");
            if (end > i)
            {
                text.Append(CultureInfo.InvariantCulture, $"-{sorted[end]}");
            }

            i = end + 1;
        }

        return text.ToString();
    }
}
