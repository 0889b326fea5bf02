using Orrery.Api;

namespace Orrery.Server.Clusters;

/// <summary>Something that keeps what it has read out of each cluster.</summary>
internal interface IClusterMemory
{
    /// <summary>The cluster is no more: nothing of it is kept. One of the same name that comes later is another.</summary>
    void Forget(ClusterName cluster);
}
