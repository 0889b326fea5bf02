using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Workloads;

/// <summary>Runs a Job's pods until enough have succeeded or too many have failed.</summary>
internal sealed class JobController(SimulatedCluster cluster) : IReconciler<ObjectKey>
{
    private const string IndexAnnotation = "batch.kubernetes.io/job-completion-index";

    private readonly EventRecorder events = cluster.Recorder("job-controller");

    public ReconcilerHost<ObjectKey> Host() => Controllers.Host(cluster, "job", this, cluster.Jobs, [cluster.Pods]);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (cluster.Jobs.Get(key) is not { IsDeleting: false } job)
        {
            return ReconcileResult.Done;
        }

        DateTimeOffset now = cluster.Time.GetUtcNow();
        if (Conditions.IsTrue(job, "Complete") || Conditions.IsTrue(job, "Failed"))
        {
            return await ExpireAsync(job, now, cancellationToken).ConfigureAwait(false);
        }

        // 1. where it stands
        List<KubeObject> pods = SimulatedCluster.OwnedBy(cluster.Pods, job);
        var standing = new JobStanding(job, pods, now);
        bool suspended = job.At("spec", "suspend") is { ValueKind: JsonValueKind.True };

        // 2. make or stop pods
        if (suspended || standing.IsOver)
        {
            foreach (KubeObject pod in standing.Active)
            {
                await cluster.DeleteAsync(cluster.Pods, pod, cancellationToken).ConfigureAwait(false);
                events.Normal(job, "SuccessfulDelete", $"Deleted pod: {pod.Name}");
            }
        }
        else
        {
            foreach (int? index in standing.Missing())
            {
                KubeObject made = await cluster.CreateAsync(cluster.Pods, PodFor(job, index), cancellationToken).ConfigureAwait(false);
                events.Normal(job, "SuccessfulCreate", $"Created pod: {made.Name}");
            }
        }

        // 3. say so
        standing = new JobStanding(job, SimulatedCluster.OwnedBy(cluster.Pods, job), now);
        await cluster.WriteStatusAsync(cluster.Jobs, job, standing.Status(suspended), cancellationToken).ConfigureAwait(false);
        if (standing.IsOver)
        {
            Tell(job, standing);
        }

        return standing.Deadline is { } deadline ? ReconcileResult.After(deadline - now) : ReconcileResult.Done;
    }

    private void Tell(KubeObject job, JobStanding standing)
    {
        if (standing.Failure is { } failure)
        {
            events.Warning(job, failure.Reason, failure.Message);
        }
        else
        {
            events.Normal(job, "Completed", "Job completed");
        }
    }

    private async Task<ReconcileResult> ExpireAsync(KubeObject job, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (job.NumberAt("spec", "ttlSecondsAfterFinished") is not { } ttl)
        {
            return ReconcileResult.Done;
        }

        ConditionState finished = Conditions.Find(job, "Complete") is { Status: "True" } complete ? complete : Conditions.Find(job, "Failed")!;
        DateTimeOffset end = (finished.LastTransitionTime ?? now) + TimeSpan.FromSeconds(ttl);
        if (end > now)
        {
            return ReconcileResult.After(end - now);
        }

        await cluster.DeleteAsync(cluster.Jobs, job, cancellationToken).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    private static JsonObject PodFor(KubeObject job, int? index)
    {
        JsonObject pod = ObjectViews.PodFrom(job.CopyAt("spec", "template"), job);
        JsonObject labels = pod.Metadata.ObjectAt("labels");
        foreach (string prefix in (ReadOnlySpan<string>)["", "batch.kubernetes.io/"])
        {
            labels[prefix + "controller-uid"] = job.Uid;
            labels[prefix + "job-name"] = job.Name;
        }

        pod.Metadata["generateName"] = job.Name + "-";
        if (index is { } number)
        {
            string text = number.ToString(CultureInfo.InvariantCulture);
            pod.Metadata["generateName"] = $"{job.Name}-{text}-";
            pod.Metadata.ObjectAt("annotations")[IndexAnnotation] = text;
            labels[IndexAnnotation] = text;
            JsonObject spec = pod.ObjectAt("spec");
            spec["hostname"] = $"{job.Name}-{text}";
            foreach (JsonObject container in spec["containers"]!.AsArray().OfType<JsonObject>())
            {
                if (container["env"] is not JsonArray env)
                {
                    container["env"] = env = [];
                }

                env.Add((JsonNode)new JsonObject { ["name"] = "JOB_COMPLETION_INDEX", ["value"] = text });
            }
        }

        return pod;
    }

    internal static int? IndexOf(KubeObject pod) =>
        pod.Annotations.TryGetValue(IndexAnnotation, out string? text) && int.TryParse(text, CultureInfo.InvariantCulture, out int index) ? index : null;
}
