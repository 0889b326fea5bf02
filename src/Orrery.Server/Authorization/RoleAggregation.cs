using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Machinery.Schemas;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;
using Orrery.Storage;

namespace Orrery.Server.Authorization;

/// <summary>
/// Writes into aggregated ClusterRoles the rules that they gather, so that who reads one sees what it grants. Evaluation
/// does not wait for this: it gathers by itself. As upstream's <c>pkg/controller/clusterroleaggregation</c>.
/// </summary>
internal sealed class RoleAggregation(CacheSet caches, BaseLayer layer, RbacAuthorizer authorizer, LogicalClusters clusters, TimeProvider time, ILogger<RoleAggregation> log)
{
    private const string Manager = "clusterrole-aggregation-controller";

    private static readonly GroupResource Resource = new("rbac.authorization.k8s.io", "clusterroles");
    private static readonly GroupVersionKind Kind = new(Resource.Group, "v1", "ClusterRole");
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(5);

    /// <summary>Follows the roles of all clusters until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        ResourceCache cache = caches.For(Resource);
        while (!cancellationToken.IsCancellationRequested)
        {
            // 1. Every cluster that has written any role, from one state.
            CacheSnapshot start = cache.Current;
            foreach (ClusterName cluster in start.Range(StoreKey.Prefix(Resource)).Select(o => o.Cluster).Distinct().ToArray())
            {
                await SyncAsync(cluster, cancellationToken);
            }

            // 2. Then those in which something changes, until it is time for a full look, or this reader fell too far behind.
            using CacheWatcher? watcher = cache.Watch(StoreKey.Prefix(Resource), start.Revision);
            CacheWait wait = CacheWait.Events;
            while (watcher is not null && (wait = await watcher.WaitAsync(Look, cancellationToken)) == CacheWait.Events)
            {
                var changed = new HashSet<ClusterName>();
                while (watcher.TryRead(out CacheEvent change))
                {
                    changed.Add(change.Object.Cluster);
                }

                foreach (ClusterName cluster in changed)
                {
                    await SyncAsync(cluster, cancellationToken);
                }
            }

            if (wait == CacheWait.Closed)
            {
                return;
            }
        }
    }

    /// <summary>Brings the aggregated roles of one cluster up to date.</summary>
    private async ValueTask SyncAsync(ClusterName cluster, CancellationToken cancellationToken)
    {
        if (clusters.State(cluster) != ClusterState.Served)
        {
            return;
        }

        foreach (string name in authorizer.AggregatedNames(cluster))
        {
            try
            {
                await WriteAsync(cluster, name, cancellationToken);
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                log.AggregationFailed(fault, name, cluster.ToString());
            }
        }
    }

    private async ValueTask WriteAsync(ClusterName cluster, string name, CancellationToken cancellationToken)
    {
        string key = StoreKey.Of(Resource, cluster, "", name);
        Schema schema = BuiltinTypes.Instance.Find(Kind) ?? throw new InvalidOperationException($"no type is known for {Kind}");
        while (true)
        {
            var roles = new LayeredSnapshot(layer, Resource, caches.For(Resource).Current);
            if (clusters.Fence(cluster) is not { } fence || roles.Get(key) is not { } found || authorizer.Aggregated(cluster, name) is not { } wanted)
            {
                return;
            }

            KubeObject now = KubeObject.Parse(found.Json.Span);
            IReadOnlyList<PolicyRule> written = PolicyRule.ListFrom(now.At("rules"));
            if (written.Count == wanted.Count && written.Zip(wanted).All(pair => pair.First.SameAs(pair.Second)))
            {
                return;
            }

            JsonObject before = now.ToJsonObject(), after = now.ToJsonObject();
            after["rules"] = new JsonArray([.. wanted.Select(rule => (JsonNode)rule.ToJson())]);
            FieldManager.Update(before, after, schema, Manager, null, time.GetUtcNow());
            CommitResult commit = await caches.CommitAsync(
                new Transaction([.. fence, new Condition(key, roles.StoredRevision(key))], [new Write(key, ObjectEncoding.Encode(after))]), cancellationToken);
            if (commit.Succeeded)
            {
                log.Aggregated(name, cluster.ToString(), wanted.Count);
                return;
            }
        }
    }
}
