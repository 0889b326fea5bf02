using Orrery.Api;

namespace Orrery.Controllers.Mirror;

/// <summary>A kind of which objects of data planes stand in virtual clusters as they are, each under the name of its data plane.</summary>
/// <param name="Stays">One that its tenant deletes stays, Terminating, until the original has gone; otherwise it is made again.</param>
/// <param name="Follows">Members, beside labels, annotations and status, that follow the original.</param>
internal sealed record MirroredKind(GroupVersionResource Resource, string Kind, bool Stays, params string[] Follows)
{
    /// <summary>Claims that a StatefulSet made, jobs that a CronJob made, and where a Service leads. Pods and events have rules of their own.</summary>
    public static readonly IReadOnlyList<MirroredKind> All =
    [
        new(new("", "v1", "persistentvolumeclaims"), "PersistentVolumeClaim", Stays: true, "spec"),
        new(new("batch", "v1", "jobs"), "Job", Stays: true),
        new(CoreResources.EndpointSlices, "EndpointSlice", Stays: false, "endpoints", "ports"),
    ];

    public static MirroredKind? Find(string kind) => All.FirstOrDefault(k => k.Kind == kind);
}
