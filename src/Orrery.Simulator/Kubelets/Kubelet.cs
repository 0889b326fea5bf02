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
    /// <summary>kubelet's first wait before a container that failed is started again.</summary>
    private static readonly TimeSpan CrashBackoff = TimeSpan.FromSeconds(10);

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
            : await FinishAsync(pod, now, cancellationToken).ConfigureAwait(false);
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
        KubeObject running = await cluster.WriteStatusAsync(cluster.Pods, pod, PodStatus.Running(pod, address, 0, now), cancellationToken).ConfigureAwait(false);
        foreach (JsonElement container in containers)
        {
            string name = container.GetProperty("name").GetString()!;
            events.Normal(pod, "Pulled", $"Container image \"{Image(container)}\" already present on machine");
            events.Normal(pod, "Created", $"Created container: {name}");
            events.Normal(pod, "Started", $"Started container {name}");
        }

        due.TryRemove(pod.Uid, out _);
        return Ends(running) ? ReconcileResult.After(ContainerProgram.Of(running, cluster.Options.RunTime).Runs) : ReconcileResult.Done;
    }

    /// <summary>Ends the containers of a pod that is not restarted for ever, once their time is over.</summary>
    private async Task<ReconcileResult> FinishAsync(KubeObject pod, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!Ends(pod))
        {
            return ReconcileResult.Done;
        }

        ContainerProgram program = ContainerProgram.Of(pod, cluster.Options.RunTime);
        DateTimeOffset started = StartedAt(pod) ?? now;
        if (now < started + program.Runs)
        {
            return ReconcileResult.After(started + program.Runs - now);
        }

        if (program.ExitCode != 0 && pod.TextAt("spec", "restartPolicy") == "OnFailure")
        {
            int restarts = Restarts(pod) + 1;
            string address = pod.TextAt("status", "podIP") ?? "";
            await cluster.WriteStatusAsync(cluster.Pods, pod, PodStatus.Running(pod, address, restarts, now), cancellationToken).ConfigureAwait(false);
            due[pod.Uid] = now + program.Runs + (CrashBackoff * Math.Min(restarts, 30));
            return ReconcileResult.After(due[pod.Uid] - now);
        }

        await cluster.WriteStatusAsync(cluster.Pods, pod, PodStatus.Finished(pod, started, program.ExitCode, now), cancellationToken).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

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

    private static bool Ends(KubeObject pod) => pod.TextAt("spec", "restartPolicy") is "Never" or "OnFailure";

    private static string Image(JsonElement container) => container.TryGetProperty("image", out JsonElement image) ? image.GetString() ?? "" : "";

    private static DateTimeOffset? StartedAt(KubeObject pod) =>
        First(pod) is { } c && c.TryGetProperty("state", out JsonElement state) && state.TryGetProperty("running", out JsonElement running)
            ? running.GetProperty("startedAt").GetDateTimeOffset()
            : null;

    private static int Restarts(KubeObject pod) => First(pod) is { } c && c.TryGetProperty("restartCount", out JsonElement count) ? count.GetInt32() : 0;

    private static JsonElement? First(KubeObject pod) =>
        pod.At("status", "containerStatuses") is { ValueKind: JsonValueKind.Array } all && all.GetArrayLength() > 0 ? all[0] : null;

    private static string HostAddress(KubeObject pod) => NodeShape.NodeAddress(Ordinal(pod));

    private static int Ordinal(KubeObject pod) => int.Parse(pod.NodeName.AsSpan(pod.NodeName.LastIndexOf('-') + 1), CultureInfo.InvariantCulture);
}
