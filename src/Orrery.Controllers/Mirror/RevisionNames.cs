using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Placement;
using Orrery.Controllers.Revisions;

namespace Orrery.Controllers.Mirror;

/// <summary>
/// Finds the ReplicaSet that stands in a virtual cluster for one that a Deployment made in a data plane: it is called after a hash of the template as it is there, and is not observed itself. What it
/// says (<c>FailedCreate</c>) is told of the one that its tenant can look at.
/// </summary>
internal sealed class RevisionNames(SourceInformers sources, MirrorInformers mirrored)
{
    private static readonly GroupKind ReplicaSet = new("apps", "ReplicaSet");
    private static readonly GroupKind Deployment = new("apps", "Deployment");

    /// <param name="name">Of the ReplicaSet in the data plane.</param>
    /// <returns>That of its pods where there are any yet, or the newest of the Deployment; the name as it is where nothing stands for it.</returns>
    public string Of(ObjectKey at, string name, string dataPlane)
    {
        Informer sets = sources.ByKind[ReplicaSet];
        if (sets.Get(at with { Name = name }) is not null || name.LastIndexOf('-') is not (> 0 and var end))
        {
            return name;
        }

        // Those that it left are still called after it.
        string? deployment = sources.ByKind[Deployment].Get(at with { Name = name[..end] })?.Uid;
        KubeObject[] revisions =
        [
            .. sets.InNamespace(at.Cluster, at.Namespace).Where(s => deployment is not null
                ? RevisionKinds.OwnersOf(s).Contains(deployment)
                : s.Annotations.ContainsKey(OrreryNames.LeftAnnotation) && s.Annotations.GetValueOrDefault(OrreryNames.RevisionAnnotation) == name[..end]),
        ];
        HashSet<string> ofPods = [.. mirrored.Pods.InNamespace(at.Cluster, at.Namespace)
            .Where(p => p.Labels.GetValueOrDefault(OrreryNames.DataPlaneLabel) == dataPlane && p.Name.StartsWith(name + "-", StringComparison.Ordinal)).SelectMany(RevisionKinds.OwnersOf)];
        return revisions.OrderByDescending(s => ofPods.Contains(s.Uid)).ThenByDescending(ReplicaSetObjects.Revision).FirstOrDefault()?.Name ?? name;
    }
}
