using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;
using Orrery.Storage;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Writes down how many requests this server took for each tenant, by the hour, in the TenantUsage of the day: under a name of its own for each start, so that
/// servers add up and none counts for another. What is written is what was counted in all, so that a write whose outcome is unknown may be done again.
/// A server that ends in order writes all; one that is killed loses what it counted since its last write.
/// </summary>
internal sealed class RequestShares : IAsyncDisposable
{
    private const string Manager = OrreryNames.Manager;

    private static readonly TimeSpan Pace = TimeSpan.FromMinutes(1);

    /// <summary>What could not be written for so long is given up: the kind may be served by nobody.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(2);
    private static readonly TimeSpan LastWrite = TimeSpan.FromSeconds(5);
    private static readonly GroupResource Namespaces = new("", "namespaces");

    private readonly ServerState server;
    private readonly ILogger log;
    private readonly string name;
    private readonly CancellationTokenSource stopping = new();
    private readonly Dictionary<StrongBox<long>, Counted> counters = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(string Tenant, DateTimeOffset Hour), Share> shares = [];
    private Task running = Task.CompletedTask;

    private RequestShares(ServerState server)
    {
        this.server = server;
        log = server.Loggers.CreateLogger<RequestShares>();
        name = $"{Environment.MachineName}-{server.Names.Uid()}";
    }

    public static RequestShares Start(ServerState server)
    {
        var started = new RequestShares(server);
        if (server.Options.ServesVirtualClusters)
        {
            started.running = started.RunAsync();
        }

        return started;
    }

    /// <summary>To be called when no request is under way any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        using var limit = new CancellationTokenSource(LastWrite, server.Time);
        await TellAsync(limit.Token);
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            using var tick = new PeriodicTimer(Pace, server.Time);
            while (await tick.WaitForNextTickAsync(stopping.Token))
            {
                await TellAsync(stopping.Token);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        Count();
        foreach (((string tenant, DateTimeOffset hour), Share share) in shares.Where(s => s.Value.Written < s.Value.Requests).ToList())
        {
            try
            {
                long requests = share.Requests;
                if (await WriteAsync(tenant, hour, requests, cancellationToken))
                {
                    share.Written = requests;
                }
            }
            catch (Exception e) when (e is StatusException or StoreException or OperationCanceledException)
            {
                if (!stopping.IsCancellationRequested || e is not OperationCanceledException)
                {
                    log.ShareNotWritten(tenant, e.Message);
                }
            }
        }
    }

    /// <summary>Adds what was asked since the last call to the hour that it is.</summary>
    private void Count()
    {
        // 1. Counters of clusters that are, and for the last time those of clusters that have gone.
        foreach ((ClusterName cluster, StrongBox<long> box) in server.Access.Clusters.RequestCounters)
        {
            Know(cluster, box).IsCurrent = true;
        }

        foreach ((ClusterName cluster, StrongBox<long> box) in server.Access.Clusters.TakeDeparted())
        {
            Know(cluster, box).IsCurrent = false;
        }

        // 2. What is new is of this hour.
        DateTimeOffset now = server.Time.GetUtcNow();
        DateTimeOffset hour = new(now.UtcTicks / TimeSpan.TicksPerHour * TimeSpan.TicksPerHour, TimeSpan.Zero);
        foreach ((StrongBox<long> box, Counted counted) in counters.ToList())
        {
            long all = Interlocked.Read(ref box.Value);
            if (all > counted.Requests && counted.Tenant is { } tenant)
            {
                Share share = shares.TryGetValue((tenant, hour), out Share? known) ? known : shares[(tenant, hour)] = new Share();
                share.Requests += all - counted.Requests;
            }

            counted.Requests = all;
            if (!counted.IsCurrent)
            {
                counters.Remove(box);
            }

            counted.IsCurrent = false;
        }

        // 3. Hours that are over and written are not changed any more.
        foreach (((string, DateTimeOffset Hour) key, _) in shares.Where(s => s.Key.Hour < hour && (s.Value.Written == s.Value.Requests || s.Key.Hour < hour - Kept)).ToList())
        {
            shares.Remove(key);
        }
    }

    private Counted Know(ClusterName cluster, StrongBox<long> box)
    {
        if (!counters.TryGetValue(box, out Counted? counted))
        {
            counters[box] = counted = new Counted();
        }

        counted.Tenant = TenantOf(cluster) ?? counted.Tenant;
        return counted;
    }

    private string? TenantOf(ClusterName cluster) =>
        server.Caches.For(Namespaces).Current.Get(StoreKey.Of(Namespaces, ClusterName.Root, "", cluster.Namespace)) is { } found
        && KubeObject.Parse(found.Json.Span).Labels.GetValueOrDefault(OrreryNames.TenantLabel) is { Length: > 0 } tenant ? tenant : null;

    /// <returns>False: usage is not kept here.</returns>
    private async ValueTask<bool> WriteAsync(string tenant, DateTimeOffset hour, long requests, CancellationToken cancellationToken)
    {
        if (server.Resources.Find(ClusterName.Root, OrreryResources.TenantUsages) is not { } resource)
        {
            return false;
        }

        await server.Writer.EnsureAsync(server.Objects, resource, ClusterName.Root, "", UsageDay.New(tenant, hour), Manager, cancellationToken);
        return await server.Writer.UpdateAsync(
            resource, ClusterName.Root, "", UsageDay.NameOf(tenant, hour), "", Manager,
            json => json.ObjectAt("spec").ObjectAt("requests").ObjectAt(name)[hour.UtcDateTime.Hour.ToString(CultureInfo.InvariantCulture)] = requests,
            cancellationToken);
    }

    /// <summary>How far a cluster's counter was read.</summary>
    private sealed class Counted
    {
        public long Requests { get; set; }

        public string? Tenant { get; set; }

        public bool IsCurrent { get; set; }
    }

    private sealed class Share
    {
        public long Requests { get; set; }

        public long Written { get; set; }
    }
}
