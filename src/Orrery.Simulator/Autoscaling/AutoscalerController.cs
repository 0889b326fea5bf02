using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Autoscaling;

/// <summary>
/// Sizes what HorizontalPodAutoscalers name by what its pods are said to use (upstream: <c>pkg/controller/podautoscaler</c>). Knows the kinds of workloads; metrics of
/// resources alone, as nothing here serves others.
/// </summary>
internal sealed class AutoscalerController(SimulatedCluster cluster) : IReconciler<ObjectKey>
{
    /// <summary>As upstream's <c>--horizontal-pod-autoscaler-sync-period</c>.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(15);

    private readonly EventRecorder events = cluster.Recorder("horizontal-pod-autoscaler");
    private readonly ConcurrentDictionary<string, ScalingPace> paces = new(StringComparer.Ordinal);

    private IEnumerable<(string Kind, Informer Informer)> Targets =>
    [
        ("Deployment", cluster.Deployments), ("StatefulSet", cluster.StatefulSets), ("ReplicaSet", cluster.ReplicaSets), ("ReplicationController", cluster.ReplicationControllers),
    ];

    public ReconcilerHost<ObjectKey> Host()
    {
        var host = new ReconcilerHost<ObjectKey>("autoscaler", this, new ReconcilerOptions<ObjectKey>
        {
            Workers = 1,
            LevelKeys = () => cluster.Autoscalers.All().Select(a => a.Key),
            Needs = [cluster.Autoscalers, cluster.Pods, .. Targets.Select(t => t.Informer)],
            Time = cluster.Time,
            Loggers = cluster.Options.Loggers,
        });
        cluster.Autoscalers.Subscribe(change =>
        {
            if (change.Current is not { } autoscaler)
            {
                paces.TryRemove(change.Latest.Uid, out _);
            }
            else if (change.Old is not { } old || !JsonComparison.IsSame(old.At("spec"), autoscaler.CopyAt("spec")))
            {
                host.Queue.Add(change.Key);
            }
        });
        foreach ((string kind, Informer informer) in Targets)
        {
            informer.Subscribe(change =>
            {
                if (change.Old?.NumberAt("spec", "replicas") != change.Current?.NumberAt("spec", "replicas"))
                {
                    foreach (KubeObject autoscaler in cluster.Autoscalers.InNamespace(ClusterName.Root, change.Key.Namespace).Where(a => Names(a, kind, change.Key.Name)))
                    {
                        host.Queue.Add(autoscaler.Key);
                    }
                }
            });
        }

        return host;
    }

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (cluster.Autoscalers.Get(key) is not { IsDeleting: false } autoscaler)
        {
            return ReconcileResult.Done;
        }

        // 1. what is scaled
        DateTimeOffset now = cluster.Time.GetUtcNow();
        JsonObject status = autoscaler.CopyAt("status");
        status["observedGeneration"] = autoscaler.Generation;
        Informer? informer = Targets.FirstOrDefault(t => t.Kind == autoscaler.TextAt("spec", "scaleTargetRef", "kind")).Informer;
        string name = autoscaler.TextAt("spec", "scaleTargetRef", "name") ?? "";
        if (informer?.Get(ClusterName.Root, autoscaler.Namespace, name) is not { IsDeleting: false } target)
        {
            string missing = informer is null
                ? $"nothing here can scale a {autoscaler.TextAt("spec", "scaleTargetRef", "kind")}"
                : ApiErrors.NotFound(informer.Resource.GroupResource, name).Message;
            Say(autoscaler, status, "AbleToScale", Conditions.False, "FailedGetScale", $"the HPA controller was unable to get the target's current scale: {missing}", now);
            await cluster.WriteStatusAsync(cluster.Autoscalers, autoscaler, status, cancellationToken).ConfigureAwait(false);
            return ReconcileResult.After(Pace);
        }

        // 2. how many there are to be
        int current = target.IntAt(1, "spec", "replicas");
        ScalingPace pace = paces.GetOrAdd(autoscaler.Uid, _ => new ScalingPace(current, now));
        int desired = Desired(autoscaler, target, current, pace, status, now);

        // 3. so many, and what is known
        if (desired != current)
        {
            await cluster.Client.PatchAsync(
                informer.Resource, target.Namespace, target.Name, PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["replicas"] = desired } }, cancellationToken, "scale")
                .ConfigureAwait(false);
            pace.Scaled(current, desired, now);
            status["lastScaleTime"] = Conditions.Time(now);
            Conditions.Set(status, "AbleToScale", Conditions.True, "SucceededRescale", $"the HPA controller was able to update the target scale to {desired}", now);
            events.Normal(autoscaler, "SuccessfulRescale", $"New size: {desired}; was {current}");
        }

        status["currentReplicas"] = current;
        status["desiredReplicas"] = desired;
        await cluster.WriteStatusAsync(cluster.Autoscalers, autoscaler, status, cancellationToken).ConfigureAwait(false);
        return ReconcileResult.After(Pace);
    }

    private int Desired(KubeObject autoscaler, KubeObject target, int current, ScalingPace pace, JsonObject status, DateTimeOffset now)
    {
        int least = autoscaler.IntAt(1, "spec", "minReplicas"), most = autoscaler.IntAt(1, "spec", "maxReplicas");
        Conditions.Set(status, "AbleToScale", Conditions.True, "ReadyForNewScale", "recommended size matches current size", now);
        if (current == 0 && least != 0)
        {
            Say(autoscaler, status, "ScalingActive", Conditions.False, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero", now);
            return 0;
        }

        // Outside of the bounds no metric is asked.
        if (current > most || current < least)
        {
            Limited(status, current > most, current < least, now);
            return Math.Clamp(current, least, most);
        }

        LabelSelector selector = target.SelectorAt("spec", "selector");
        List<KubeObject> pods = [.. cluster.Pods.InNamespace(ClusterName.Root, target.Namespace).Where(p => selector.Matches(p.Labels))];
        List<MetricReading> readings = [.. autoscaler.At("spec", "metrics")!.Value.EnumerateArray().Select(m => MetricReading.Of(m, current, pods))];
        status["currentMetrics"] = new JsonArray([.. readings.Select(r => (JsonNode)(r.Current ?? new JsonObject { ["type"] = "" }))]);
        MetricReading? leading = readings.Where(r => r.IsKnown).MaxBy(r => r.Replicas);

        // One that is not known may want as many as there are.
        if (readings.Find(r => !r.IsKnown) is { } unknown && (leading is null || leading.Replicas < current))
        {
            Say(autoscaler, status, "ScalingActive", Conditions.False, unknown.Reason, $"the HPA was unable to compute the replica count: {unknown.Message}", now);
            return current;
        }

        Say(autoscaler, status, "ScalingActive", Conditions.True, "ValidMetricFound", $"the HPA was able to successfully calculate a replica count from {leading!.Name}", now);
        int allowed = pace.Allow(autoscaler, current, leading.Replicas, now);
        if (allowed != leading.Replicas)
        {
            Conditions.Set(status, "AbleToScale", Conditions.True, allowed > leading.Replicas ? "ScaleDownStabilized" : "ScaleUpLimited", $"{leading.Replicas} replicas are wanted, {allowed} may be now", now);
        }

        Limited(status, allowed > most, allowed < least, now);
        return Math.Clamp(allowed, least, most);
    }

    private static void Limited(JsonObject status, bool tooMany, bool tooFew, DateTimeOffset now) => Conditions.Set(
        status, "ScalingLimited", tooMany || tooFew ? Conditions.True : Conditions.False,
        tooMany ? "TooManyReplicas" : tooFew ? "TooFewReplicas" : "DesiredWithinRange",
        tooMany ? "the desired replica count is more than the maximum replica count"
            : tooFew ? "the desired replica count is less than the minimum replica count"
            : "the desired count is within the acceptable range",
        now);

    /// <summary>A fault is told by an event, too, when it is new.</summary>
    private void Say(KubeObject autoscaler, JsonObject status, string type, string state, string reason, string message, DateTimeOffset now)
    {
        if (Conditions.Set(status, type, state, reason, message, now) && state == Conditions.False)
        {
            events.Warning(autoscaler, reason, message);
        }
    }

    private static bool Names(KubeObject autoscaler, string kind, string name) =>
        autoscaler.TextAt("spec", "scaleTargetRef", "kind") == kind && autoscaler.TextAt("spec", "scaleTargetRef", "name") == name;
}
