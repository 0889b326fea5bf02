using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>Takes away what is wanted no more, exactly what was applied, and says what does not go.</summary>
internal sealed class Removals(SatelliteContext context, AppliedObjects applied, ForeignObjects foreign, DriftEvents events, ILogger logger)
{
    /// <summary>How long an object that was removed may wait for its finalizers before that is said.</summary>
    private static readonly TimeSpan WaitingPatience = TimeSpan.FromSeconds(15);

    /// <summary>When to look again whether somebody else still has something in a namespace, or of a kind, that is to go.</summary>
    private static readonly TimeSpan ForeignLook = TimeSpan.FromSeconds(10);

    /// <summary>Uids of objects that do not go, with what was said of it.</summary>
    private readonly ConcurrentDictionary<string, string> said = new(StringComparer.Ordinal);

    /// <summary>Uids of objects that were seen to wait for finalizers, with the moment of it here: when they were removed is told by the clock of the cluster's API server, which may be another.</summary>
    private readonly ConcurrentDictionary<string, long> waiting = new(StringComparer.Ordinal);

    /// <summary>Removes what carries the mark of a Work, except the one object that it is to be.</summary>
    /// <returns>When to come again for what is kept, while it is not known for sure what is wanted (<see cref="Offline.RestorationHold"/>) or would take along what is somebody else's; null when nothing is.</returns>
    public async Task<TimeSpan?> PruneAsync(string work, (GroupVersionResource Resource, string Namespace, string Name)? keep, CancellationToken cancellationToken)
    {
        TimeSpan? again = null;
        foreach ((GroupVersionResource resource, KubeObject live) in applied.Of(work).ToList())
        {
            bool kept = keep is { } k && k.Resource.GroupResource == resource.GroupResource && k.Namespace == live.Namespace && k.Name == live.Name;
            if (kept || live.IsDeleting || ResourcePolicy.Keeps(live))
            {
                continue;
            }

            if (await context.Restoration.HoldsAsync(cancellationToken).ConfigureAwait(false))
            {
                // Nothing tells that it does not hold any more.
                again = Offline.RestorationHold.Look;
            }
            else if (IsHeldBack(resource, live, work))
            {
                continue;
            }
            else if (await foreign.TakenAlongAsync(resource, live, cancellationToken).ConfigureAwait(false) is { } along)
            {
                Tell(work, live, along);
                again ??= ForeignLook;
            }
            else
            {
                await DeleteAsync(resource, live, work, cancellationToken).ConfigureAwait(false);
            }
        }

        return again;
    }

    /// <summary>Whether the cluster's owner wants it kept: it goes once the policy allows, at one of the regular looks.</summary>
    private bool IsHeldBack(GroupVersionResource resource, KubeObject live, string work)
    {
        if (context.Actions.Denies(resource, live.Kind, live.Namespace, live.Name) is not { } denial)
        {
            return false;
        }

        context.Actions.HeldBack("delete", resource, live, "Work " + work, denial);
        return true;
    }

    public async Task DeleteAsync(
        GroupVersionResource resource, KubeObject live, string work, CancellationToken cancellationToken, string propagation = "Background", long? grace = null)
    {
        try
        {
            await context.Actions.DeleteAsync(
                resource, live, new DeleteQuery { Uid = live.Uid, GracePeriodSeconds = grace, PropagationPolicy = propagation }, "Work " + work, cancellationToken).ConfigureAwait(false);
            if (propagation == "Background")
            {
                Log.Pruned(logger, work, live.Kind, live.Namespace, live.Name);
            }
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone already: what was wanted.
        }
    }

    /// <summary>Says of what is left of a Work that is gone, by an Event in its namespace, which its tenant sees too, what it waits for.</summary>
    /// <returns>When to look again; null when nothing is left.</returns>
    public TimeSpan? TellWaiting(string work)
    {
        TimeSpan? again = null;
        foreach ((GroupVersionResource _, KubeObject live) in applied.Of(work).Where(a => a.Live.IsDeleting))
        {
            again = WaitingPatience;
            string[] finalizers = [.. live.Finalizers];
            string waits = string.Join(", ", finalizers);
            TimeSpan patience = WaitingPatience + TimeSpan.FromSeconds(live.NumberAt("metadata", "deletionGracePeriodSeconds") ?? 0);
            if (finalizers.Length == 0 || context.Time.GetElapsedTime(waiting.GetOrAdd(live.Uid, _ => context.Time.GetTimestamp())) < patience || said.GetValueOrDefault(live.Uid) == waits)
            {
                continue;
            }

            said[live.Uid] = waits;
            events.Waits(live, waits);
        }

        return again;
    }

    /// <summary>Says of what is left of a Work that is gone that the cluster does not let it be removed.</summary>
    public void TellRefused(string work, string refusal)
    {
        foreach ((GroupVersionResource _, KubeObject live) in applied.Of(work).Where(a => !a.Live.IsDeleting))
        {
            Tell(work, live, refusal);
        }
    }

    private void Tell(string work, KubeObject live, string refusal)
    {
        if (said.GetValueOrDefault(live.Uid) != refusal)
        {
            said[live.Uid] = refusal;
            Log.RemovalRefused(logger, work, refusal);
            events.NotRemoved(live, refusal);
        }
    }

    /// <summary>It has gone.</summary>
    public void Forget(KubeObject live)
    {
        said.TryRemove(live.Uid, out _);
        waiting.TryRemove(live.Uid, out _);
    }
}
