using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Placement;

/// <summary>What becomes, in a data plane, of an object that is not wanted there any more.</summary>
internal sealed class WithdrawalRules
{
    /// <summary>What the API server puts on an object that is deleted with <c>--cascade=orphan</c>, until its dependents are let go.</summary>
    private const string OrphanFinalizer = "orphan";

    /// <summary>
    /// Objects that were last seen being deleted so. Where the server does not hold them (see <see cref="PlaceableKinds.WithDependents"/>) the finalizer is there for
    /// milliseconds only, so that a reconciler, which sees the present alone, may miss it; once it is written into the Works it is safe.
    /// </summary>
    private readonly ConcurrentDictionary<SourceKey, string> orphaning = new();

    /// <summary>To be told of every change of a placeable object.</summary>
    public void OnSource(GroupKind kind, InformerChange change)
    {
        var key = new SourceKey(kind, change.Key);
        if (IsOrphaning(change.Latest))
        {
            orphaning[key] = change.Latest.Uid;
        }
        else if (change.Current is { IsDeleting: false })
        {
            orphaning.TryRemove(key, out _);
        }
    }

    /// <summary>Nothing of the object is left anywhere.</summary>
    public void Forget(SourceKey key) => orphaning.TryRemove(key, out _);

    /// <param name="source">Null once it is gone.</param>
    /// <param name="hasCluster">Whether its virtual cluster is there and stays; otherwise everything goes. One that lost its tenant (a label that somebody took away) is still there.</param>
    /// <param name="hasNamespace">Whether its namespace is there and stays: one that goes waits for no pod of a data plane.</param>
    /// <param name="dataPlane">Null when it left the fleet.</param>
    /// <returns>Null: the object is removed with all that it made.</returns>
    public string? Of(SourceKey key, KubeObject? source, bool hasCluster, bool hasNamespace, DataPlane? dataPlane, KubeObject work)
    {
        if (!hasCluster || dataPlane is not { Deleting: false })
        {
            return null;
        }

        // A claim holds data: that its place changed is no reason to lose it, that it was deleted is.
        if (key.Kind == ClaimKind)
        {
            return source is { IsDeleting: false } ? Withdrawal.Keep : null;
        }

        // Which a data plane that is given up, drained and not heard any more, never says: it could not be deleted for that.
        if (hasNamespace && dataPlane is not { Drained: true, IsReporting: false } && PlacementRules.IsLeaving(source) && source.Uid == work.TextAt("spec", "source", "uid"))
        {
            return Withdrawal.Remove;
        }

        if (Withdrawal.Of(work) == Withdrawal.Orphan)
        {
            return Withdrawal.Orphan;
        }

        string? orphaned = IsOrphaned(key, work) ? Withdrawal.Orphan : null;

        // Nothing there carries its mark yet, so that its going would be told of nothing.
        return orphaned is null && hasNamespace && dataPlane is not { Drained: true, IsReporting: false } && LeftRevisions.IsUntaken(work) ? Withdrawal.Remove : orphaned;
    }

    /// <summary>Whether its source was deleted with <c>--cascade=orphan</c>.</summary>
    private bool IsOrphaned(SourceKey key, KubeObject work) =>
        PlaceableKinds.Find(key.Kind) is { } kind && PlaceableKinds.WithDependents.Contains(kind.Resource.GroupResource) && orphaning.TryGetValue(key, out string? uid) && uid == work.TextAt("spec", "source", "uid");

    /// <summary>The satellite has let go of what the object made, or the object has gone as it was to: nothing of the Work is left. (A satellite of before takes the one for the other.)</summary>
    public static bool IsDone(KubeObject work) =>
        Withdrawal.Of(work) is Withdrawal.Orphan or Withdrawal.Remove or Withdrawal.Release
        && Conditions.Find(work, OrreryNames.AppliedCondition) is { Reason: Withdrawal.Orphaned or Withdrawal.Removed or Withdrawal.Released } applied && applied.ObservedGeneration == work.Generation;

    public static GroupKind ClaimKind { get; } = new("", "PersistentVolumeClaim");

    /// <summary>Without the finalizer that the server has left to the controllers.</summary>
    public static JsonArray Release(KubeObject source)
    {
        int at = source.Finalizers.ToList().IndexOf(OrphanFinalizer);
        return
        [
            new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = source.Uid },
            new JsonObject { ["op"] = "test", ["path"] = $"/metadata/finalizers/{at}", ["value"] = OrphanFinalizer },
            new JsonObject { ["op"] = "remove", ["path"] = $"/metadata/finalizers/{at}" },
        ];
    }

    /// <summary>Whether it was held for the controllers alone: what it owned in its virtual cluster is let go of.</summary>
    public static bool IsHeld(KubeObject source) => IsOrphaning(source) && source.Annotations.ContainsKey(OrreryNames.OrphanedAnnotation);

    /// <summary>Whether it is being deleted with <c>--cascade=orphan</c>, and is there as long as nobody takes the mark from it.</summary>
    public static bool IsOrphaning(KubeObject source) => source.IsDeleting && source.Finalizers.Contains(OrphanFinalizer);
}
