using Orrery.Api;

namespace Orrery.Server.Clusters;

/// <summary>Reads live objects of any cluster out of memory, the base layer included.</summary>
internal interface IClusterObjects
{
    /// <param name="ns">Empty for a cluster-scoped object.</param>
    /// <returns>Null when there is none.</returns>
    KubeObject? Find(ClusterName cluster, GroupResource resource, string ns, string name);
}
