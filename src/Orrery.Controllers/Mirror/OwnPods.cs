using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Mirror;

/// <summary>
/// Finds the pods that tenants made themselves. Each stands for the pod in the first of its data planes, so that every pod that runs stands in its virtual cluster once; in each further data plane
/// it has a mirrored pod beside it.
/// </summary>
internal sealed class OwnPods(MirrorInformers mirrored, WorkDirectory works)
{
    private static readonly GroupKind Pod = new("", "Pod");

    /// <summary>Whether a pod of a data plane was applied there, rather than made there by a controller.</summary>
    public static bool IsApplied(JsonObject original) => original.TextAt("metadata", "annotations", OrreryNames.WorkAnnotation) is { Length: > 0 };

    /// <param name="name">Of the pod in the data plane, and in the virtual cluster.</param>
    /// <returns>Null when there is none (any more), or none of that data plane first.</returns>
    public KubeObject? StandingFor(ObjectKey of, string name, string dataPlane) => Find(of, name) is { } own && PlacesOf(own) is [var first, ..] && first == dataPlane ? own : null;

    /// <summary>What a pod of a data plane is called in the virtual cluster.</summary>
    public string NameOf(ObjectKey of, string name, string dataPlane) => StandingFor(of, name, dataPlane) is null ? MirrorNames.Mirrored(name, dataPlane) : name;

    /// <summary>Whether it is to run in the data plane, and not on its way out of it.</summary>
    public bool IsWantedIn(ObjectKey of, string name, string dataPlane) =>
        Find(of, name) is { IsDeleting: false } own && works.Of(new SourceKey(Pod, ObjectKey.Of(own))).Any(w => Withdrawal.Of(w) is null && !TakenPod.IsGone(w) && WorkDirectory.DataPlaneOf(w) == dataPlane);

    private KubeObject? Find(ObjectKey of, string name) => mirrored.Pods.Get(of with { Name = name }) is { } own && !MirrorNames.IsMirrored(own) ? own : null;

    /// <summary>In the order in which its status names them; those that it leaves last.</summary>
    private string[] PlacesOf(KubeObject own) =>
    [
        .. works.Of(new SourceKey(Pod, ObjectKey.Of(own)))
            .Where(w => !TakenPod.IsGone(w))
            .OrderBy(w => Withdrawal.Of(w) is not null)
            .ThenBy(WorkDirectory.DataPlaneOf, StringComparer.Ordinal)
            .Select(WorkDirectory.DataPlaneOf),
    ];
}
