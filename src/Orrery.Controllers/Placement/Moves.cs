using System.Collections.Concurrent;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Placement;

/// <summary>
/// For how long an object stays in a data plane in which it is not wanted any more: until it runs wherever it is wanted now, and, where it is there for pods, until those have left too. Read off
/// the Works alone: that a new place was given the object is when its Work was made.
/// </summary>
internal sealed class Moves(ObjectPlacements placements, WorkDirectory works, TimeProvider time)
{
    /// <summary>Objects that were last found to stay: whom the reports of satellites concern.</summary>
    private readonly ConcurrentDictionary<SourceKey, byte> staying = new();

    /// <summary>In one order, whatever the memory's own is: what wakes them is the same from run to run.</summary>
    public IEnumerable<SourceKey> Staying => InOrder(staying.Keys);

    public IEnumerable<SourceKey> StayingIn(ClusterName cluster, string ns) => InOrder(staying.Keys.Where(k => k.Object.Cluster == cluster && k.Object.Namespace == ns));

    public bool IsStaying(SourceKey key) => staying.ContainsKey(key);

    /// <returns>Whether that is news.</returns>
    public bool Note(SourceKey key, bool stays) => stays ? staying.TryAdd(key, 0) : staying.TryRemove(key, out _);

    /// <param name="place">Where it is and is not wanted.</param>
    /// <returns>Zero when it may go; infinite when nothing but others' reports ends it.</returns>
    public TimeSpan Stay(ObjectPlacement placement, DataPlane place)
    {
        if (!placement.IsPlaced || Withdrawal.Of(placement.Existing[place.Name]) is not null)
        {
            return TimeSpan.Zero;
        }

        // A claim stays where it is whatever its Work says; in its new place it may well wait for its first pod.
        TimeSpan own = placement.Key.Kind == WithdrawalRules.ClaimKind ? TimeSpan.Zero : OwnStay(placement, place);
        return own == TimeSpan.Zero && !PlaceableKinds.Workloads.Contains(placement.Key.Kind) ? StayOfWorkloads(placement.Key.Object, place) : own;
    }

    private static IEnumerable<SourceKey> InOrder(IEnumerable<SourceKey> keys) => keys.OrderBy(k => k.Identity, StringComparer.Ordinal);

    private TimeSpan OwnStay(ObjectPlacement placement, DataPlane place)
    {
        List<DataPlane> coming = [.. placement.Coming];
        if (coming.Count == 0)
        {
            return TimeSpan.Zero;
        }

        if (place.Drained)
        {
            return Timeout.InfiniteTimeSpan;
        }

        PlacementMove move = placement.Owner!.Placement.Move;
        if (!move.StartsFirst)
        {
            return TimeSpan.Zero;
        }

        // One that is paused is not given it before it goes on.
        if (coming.Exists(t => t.Paused && !placement.Existing.ContainsKey(t.Name)))
        {
            return Timeout.InfiniteTimeSpan;
        }

        DateTimeOffset now = time.GetUtcNow();
        TimeSpan left = coming.Max(t => placement.Existing.GetValueOrDefault(t.Name)?.CreationTimestamp ?? now) + move.Timeout - now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Pods that still run there need their configuration, their services and their claims.</summary>
    private TimeSpan StayOfWorkloads(ObjectKey needed, DataPlane place)
    {
        foreach (KubeObject work in works.Workloads(needed.Cluster, needed.Namespace, place.Name))
        {
            if (SourceKey.Of(work) is { } key && placements.Of(key) is var workload && workload.Existing.ContainsKey(place.Name) && !workload.IsWantedOn(place.Name)
                && workload.IsPlaced && Withdrawal.Of(work) is null && OwnStay(workload, place) is var stay && stay != TimeSpan.Zero)
            {
                return stay;
            }
        }

        return TimeSpan.Zero;
    }
}
