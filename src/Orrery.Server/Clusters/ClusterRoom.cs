using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Clusters;

/// <summary>The most that one virtual cluster may hold: all clusters share the memory and the disk of one control plane.</summary>
/// <param name="Objects">Zero sets no bound.</param>
/// <param name="Bytes">Of the objects as clients get them, in JSON. Zero sets no bound.</param>
public sealed record ClusterRoom(long Objects, long Bytes)
{
    public static readonly ClusterRoom Default = new(100_000, 512L << 20);

    /// <summary>
    /// Refuses a write by which a virtual cluster would outgrow its room; what makes nothing larger always passes, and so does the control plane. Writes that are
    /// under way at the same moment do not see each other: a cluster may end some objects beyond its bound.
    /// </summary>
    /// <param name="length">Of the object as it will be.</param>
    /// <param name="before">Of the object as it is; null when it is new.</param>
    /// <exception cref="StatusException">Forbidden, as a quota that is used up.</exception>
    internal void Check(ClusterContents contents, WriteScope scope, string name, int length, int? before)
    {
        if (scope.Cluster.IsRoot || scope.IsControlPlane || length <= before)
        {
            return;
        }

        (long objects, long bytes) = contents.Of(scope.Cluster);
        if (before is null && Objects > 0 && objects >= Objects)
        {
            throw ApiErrors.Forbidden(scope.GroupResource, name, $"virtual cluster {scope.Cluster} is full: it holds {objects} objects, and may hold {Objects}");
        }

        if (Bytes > 0 && bytes + length - (before ?? 0) > Bytes)
        {
            throw ApiErrors.Forbidden(scope.GroupResource, name, $"virtual cluster {scope.Cluster} is full: its objects take {bytes} bytes, and may take {Bytes}");
        }
    }
}
