using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>
/// What every namespace has comes back as soon as it is deleted, as another object, and is put right as soon as somebody changes it. Upstream:
/// <c>pkg/controller/serviceaccount/serviceaccounts_controller.go</c> and <c>pkg/controller/certificates/rootcacertpublisher</c>.
/// </summary>
/// <param name="name">Of the one object of the resource that every namespace has.</param>
/// <param name="followUp">Makes it, for a namespace.</param>
internal sealed class ReturningContents(
    CacheSet caches, ObjectStore objects, LogicalClusters clusters, GroupResource resource, string name, IFollowUp followUp, TimeProvider time, ILogger log)
    : UpkeepTask(caches, resource, time, log)
{
    private static readonly ResourceDefinition Namespaces = BuiltinResources.Instance.Require("", "v1", "namespaces");

    protected override bool Concerns(string key) => key.AsSpan(key.LastIndexOf('/') + 1).SequenceEqual(name);

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        KeyParts.TryParse(key, out KeyParts parts);
        ClusterName cluster = StoreKey.ParseCluster(key.AsSpan(parts.Cluster, parts.Namespace - parts.Cluster - 1));
        string ns = key[parts.Namespace..(parts.Name - 1)];

        // A virtual cluster that is being purged, and a namespace that goes, lose it for good.
        if ((cluster.IsRoot || clusters.IdentityOf(cluster) is not null)
            && objects.Find(Namespaces, cluster, "", ns) is { } found && !KubeObject.Parse(found.Json.Span).IsDeleting)
        {
            await followUp.FollowAsync(cluster, "", ns, cancellationToken);
        }

        return true;
    }
}
