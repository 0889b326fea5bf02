using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Nodes;

namespace Orrery.Simulator.Kubelets;

/// <summary>
/// The kubelets of all simulated nodes in one: takes each bound pod through ContainerCreating, Running and, where it
/// ends, Succeeded or Failed, and removes pods that are deleted once their containers have stopped.
/// <para>Where a pod stands is read from its status alone. Memory only says when the next step is due; after a restart it is due at once.</para>
/// </summary>
internal sealed class Kubelet : IReconciler<ObjectKey>
{
    private readonly SimulatedCluster cluster;
    private readonly EventRecorder events;
    private readonly PodAddresses addresses;
    private readonly HashSet<string> nodes;

    /// <summary>When the next step of a pod is due, by uid.</summary>
    private readonly ConcurrentDictionary<string, DateTimeOffset> due = new(StringComparer.Ordinal);

    public Kubelet(SimulatedCluster cluster)
    {
        this.cluster = cluster;
        events = cluster.Recorder("kubelet");
        addresses = new PodAddresses(cluster);
        nodes = [.. NodeController.NamesOf(cluster.Options)];
    }

    public ReconcilerHost<ObjectKey> Host()
    {
        var host = new ReconcilerHost<ObjectKey>("kubelet", this, new ReconcilerOptions<ObjectKey>
        {
            Workers = 4,
            LevelKeys = () => cluster.Pods.All().Where(IsMine).Select(p => p.Key),
            Needs = [cluster.Pods],
            Time = cluster.Time,
            Loggers = cluster.Options.Loggers,
        });
        cluster.Pods.Subscribe(change =>
        {
            if (change.Current is not { } pod)
            {
                due.TryRemove(change.Latest.Uid, out _);
            }
            else if (IsMine(pod))
            {
                host.Queue.Add(change.Key);
            }
        });
        return host;
    }

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (cluster.Pods.Get(key) is not { } pod || !IsMine(pod))
        {
            return ReconcileResult.Done;
        }

        DateTimeOffset now = cluster.Time.GetUtcNow();
        if (pod.IsDeleting)
        {
            return await StopAsync(pod, now, cancellationToken).ConfigureAwait(false);
        }

        if (pod.IsFinishedPod)
        {
            return ReconcileResult.Done;
        }

        if (pod.TextAt("status", "startTime") is null)
        {
            due[pod.Uid] = now + cluster.Options.StartDelay;
            KubeObject creating = await cluster.WriteStatusAsync(
                cluster.Pods, pod, PodStatus.Creating(pod, HostAddress(pod), now), cancellationToken).ConfigureAwait(false);
            return Until(creating, now);
        }

        if (pod.PodPhase == "Running" && PodStatus.Changed(pod, now) is { } changed)
        {
            pod = await cluster.WriteStatusAsync(cluster.Pods, pod, changed, cancellationToken).ConfigureAwait(false);
        }

        return due.TryGetValue(pod.Uid, out DateTimeOffset at) && at > now ? ReconcileResult.After(at - now)
            : pod.PodPhase == "Pending" ? await StartAsync(pod, now, cancellationToken).ConfigureAwait(false)
            : await TurnAsync(pod, now, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ReconcileResult> StartAsync(KubeObject pod, DateTimeOffset now, CancellationToken cancellationToken)
    {
        JsonElement[] containers = [.. pod.At("spec", "containers")!.Value.EnumerateArray()];
        foreach (JsonElement container in containers)
        {
            // The one way to see a rollout that cannot finish: an image whose name says that it is not there.
            string image = Image(container);
            if (image.Contains("does-not-exist", StringComparison.Ordinal))
            {
                string name = container.GetProperty("name").GetString()!;
                KubeObject waiting = await cluster.WriteStatusAsync(
                    cluster.Pods, pod, PodStatus.ImageNotPulled(pod, name, image, now), cancellationToken).ConfigureAwait(false);
                if (waiting.ResourceVersion != pod.ResourceVersion)
                {
                    events.Warning(pod, "Failed", $"Failed to pull image \"{image}\": not found");
                }

                return ReconcileResult.Done;
            }
        }

        string address = pod.At("spec", "hostNetwork") is { ValueKind: JsonValueKind.True } ? HostAddress(pod) : addresses.Take(pod, Ordinal(pod));
        KubeObject running = await cluster.WriteStatusAsync(cluster.Pods, pod, PodStatus.Running(pod, address, now), cancellationToken).ConfigureAwait(false);
        foreach (JsonElement container in containers)
        {
            TellStarted(pod, container);
        }

        due.TryRemove(pod.Uid, out _);
        return ContainerTurns.HasAny(running) ? After(ContainerTurns.Of(running, cluster.Options, now), now) : ReconcileResult.Done;
    }

    /// <summary>Ends containers whose time is over, and starts those again that are to be.</summary>
    private async Task<ReconcileResult> TurnAsync(KubeObject pod, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!ContainerTurns.HasAny(pod))
        {
            return ReconcileResult.Done;
        }

        var turns = ContainerTurns.Of(pod, cluster.Options, now);
        if (turns.HasChanges)
        {
            await cluster.WriteStatusAsync(cluster.Pods, pod, PodStatus.Turned(pod, turns, now), cancellationToken).ConfigureAwait(false);
            foreach (JsonElement container in pod.At("spec", "containers")!.Value.EnumerateArray())
            {
                string name = container.GetProperty("name").GetString()!;
                if (turns.Started.Contains(name))
                {
                    TellStarted(pod, container);
                }
                else if (turns.HeldBack.Contains(name))
                {
                    events.Warning(pod, "BackOff", $"Back-off restarting failed container {name} in pod {pod.Name}_{pod.Namespace}({pod.Uid})");
                }
            }
        }

        return After(turns, now);
    }

    private void TellStarted(KubeObject pod, JsonElement container)
    {
        string name = container.GetProperty("name").GetString()!;
        events.Normal(pod, "Pulled", $"Container image \"{Image(container)}\" already present on machine");
        events.Normal(pod, "Created", $"Created container: {name}");
        events.Normal(pod, "Started", $"Started container {name}");
    }

    private static ReconcileResult After(ContainerTurns turns, DateTimeOffset now) =>
        turns.HasChanges ? ReconcileResult.After(TimeSpan.Zero) : turns.Next is { } next ? ReconcileResult.After(next - now) : ReconcileResult.Done;

    private async Task<ReconcileResult> StopAsync(KubeObject pod, DateTimeOffset now, CancellationToken cancellationToken)
    {
        bool first = !due.TryGetValue("stop/" + pod.Uid, out DateTimeOffset at);
        if (first && pod.PodPhase == "Running")
        {
            var grace = TimeSpan.FromSeconds(pod.NumberAt("metadata", "deletionGracePeriodSeconds") ?? 0);
            at = now + (grace < cluster.Options.StopDelay ? grace : cluster.Options.StopDelay);
            due["stop/" + pod.Uid] = at;
            events.Normal(pod, "Killing", "Stopping container " + string.Join(", ", pod.At("spec", "containers")!.Value.EnumerateArray().Select(c => c.GetProperty("name").GetString())));
        }

        if (at > now)
        {
            return ReconcileResult.After(at - now);
        }

        await cluster.DeleteAsync(cluster.Pods, pod, cancellationToken, grace: 0).ConfigureAwait(false);
        due.TryRemove("stop/" + pod.Uid, out _);
        return ReconcileResult.Done;
    }

    private ReconcileResult Until(KubeObject pod, DateTimeOffset now) => ReconcileResult.After(due[pod.Uid] - now);

    private bool IsMine(KubeObject pod) => nodes.Contains(pod.NodeName);

    private static string Image(JsonElement container) => container.TryGetProperty("image", out JsonElement image) ? image.GetString() ?? "" : "";

    private static string HostAddress(KubeObject pod) => NodeShape.NodeAddress(Ordinal(pod));

    private static int Ordinal(KubeObject pod) => int.Parse(pod.NodeName.AsSpan(pod.NodeName.LastIndexOf('-') + 1), CultureInfo.InvariantCulture);
}
