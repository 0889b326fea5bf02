using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Tests.Workloads;

/// <summary>Sees every step of a rollout: the most replicas that were asked for at once, and the fewest pods that were ready.</summary>
internal sealed class RolloutWatch : IAsyncDisposable
{
    private const string Mark = """{"metadata":{"annotations":{"example.com/seen":"yes"}}}""";

    private readonly KubeClient client;
    private readonly CancellationTokenSource stop;
    private readonly Dictionary<string, int> replicas = [];
    private readonly Dictionary<string, bool> ready = [];
    private Task<int> most = Task.FromResult(0);
    private Task<int> least = Task.FromResult(0);

    private RolloutWatch(KubeClient client, CancellationToken cancellationToken)
    {
        this.client = client;
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    }

    /// <summary>From what is there when this returns on, nothing is missed.</summary>
    public static async Task<RolloutWatch> BeginAsync(KubeClient client, CancellationToken cancellationToken)
    {
        var watch = new RolloutWatch(client, cancellationToken);
        KubeList pods = await client.ListAsync(Known.Pods, "default", null, cancellationToken);
        KubeList sets = await client.ListAsync(Known.ReplicaSets, "default", null, cancellationToken);
        foreach (KubeObject pod in pods.Items)
        {
            watch.ready[pod.Name] = pod.IsReadyPod && !pod.IsDeleting;
        }

        foreach (KubeObject set in sets.Items)
        {
            watch.replicas[set.Name] = set.IntAt(0, "spec", "replicas");
        }

        watch.most = watch.MostAsync(sets.ResourceVersion);
        watch.least = watch.LeastAsync(pods.ResourceVersion);
        return watch;
    }

    /// <summary>Ends once all is seen that has happened until now.</summary>
    public async Task<(int Most, int Least)> EndAsync()
    {
        foreach (GroupVersionResource resource in (GroupVersionResource[])[Known.Pods, Known.ReplicaSets])
        {
            KubeObject last = (await client.ListAsync(resource, "default", null, stop.Token)).Items.First(o => !o.IsDeleting);
            await client.PatchAsync(resource, "default", last.Name, PatchKind.Merge, JsonNode.Parse(Mark)!, stop.Token);
        }

        return (await most, await least);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await ((Task)Task.WhenAll(most, least)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task<int> MostAsync(string from)
    {
        int most = 0;
        await foreach (WatchEvent e in client.WatchAsync(Known.ReplicaSets, "default", new WatchQuery { ResourceVersion = from, AllowBookmarks = false }, stop.Token))
        {
            replicas[e.Object.Name] = e.Type == WatchEventType.Deleted ? 0 : e.Object.IntAt(0, "spec", "replicas");
            most = Math.Max(most, replicas.Values.Sum());
            if (IsMarked(e.Object))
            {
                return most;
            }
        }

        throw new InvalidOperationException("the watch of ReplicaSets ended");
    }

    private async Task<int> LeastAsync(string from)
    {
        int least = int.MaxValue;
        await foreach (WatchEvent e in client.WatchAsync(Known.Pods, "default", new WatchQuery { ResourceVersion = from, AllowBookmarks = false }, stop.Token))
        {
            ready[e.Object.Name] = e.Type != WatchEventType.Deleted && e.Object.IsReadyPod && !e.Object.IsDeleting;
            least = Math.Min(least, ready.Values.Count(r => r));
            if (IsMarked(e.Object))
            {
                return least;
            }
        }

        throw new InvalidOperationException("the watch of pods ended");
    }

    private static bool IsMarked(KubeObject found) => found.Annotations.ContainsKey("example.com/seen");
}
