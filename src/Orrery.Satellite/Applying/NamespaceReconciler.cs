using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>Removes a mapped namespace that nothing is to run in any more, unless somebody else put something into it.</summary>
internal sealed class NamespaceReconciler(SatelliteContext context, AppliedObjects applied, ForeignObjects foreign, WorksByNamespace works, ILogger logger) : IReconciler<string>
{
    /// <summary>When to ask again a cluster that cannot tell now what is in a namespace.</summary>
    private static readonly TimeSpan UnknownLook = TimeSpan.FromSeconds(30);

    /// <summary>What empty namespaces were kept for. As long as it is there, nothing else is looked for.</summary>
    private readonly ConcurrentDictionary<string, ForeignObject> keptFor = new(StringComparer.Ordinal);

    /// <summary>Of what the cluster could not tell whether it is in an empty namespace, as was said last.</summary>
    private readonly ConcurrentDictionary<string, string> unknown = new(StringComparer.Ordinal);

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (context.Namespaces.Get(ClusterName.Root, "", key) is not { IsDeleting: false } ns || context.Served.OwnerOf(ns) is null || !IsEmpty(key))
        {
            keptFor.TryRemove(key, out _);
            unknown.TryRemove(key, out _);
            return ReconcileResult.Done;
        }

        if (await context.Restoration.HoldsAsync(cancellationToken).ConfigureAwait(false))
        {
            // Nothing tells that it does not hold any more, and mostly it is for a moment.
            return ReconcileResult.After(Offline.RestorationHold.Look);
        }

        bool? kept = await IsKeptAsync(key, cancellationToken).ConfigureAwait(false);
        if (kept != false || !IsEmpty(key))
        {
            return kept is null ? ReconcileResult.After(UnknownLook) : ReconcileResult.Done;
        }

        try
        {
            if (await NamespaceDeletion.DeleteAsync(context, ns, "it is empty", cancellationToken, isEmpty: true).ConfigureAwait(false))
            {
                Log.NamespaceRemoved(logger, key);
            }
        }
        catch (StatusException e) when (e.Code == 403)
        {
            // That the right is missing is said of the data plane, and that it is back wakes this.
            return ReconcileResult.After(UnknownLook);
        }

        return ReconcileResult.Done;
    }

    private bool IsEmpty(string ns) => !works.Any(ns) && !applied.AnyIn(ns);

    /// <returns>Null where the cluster cannot tell now whether somebody else has something in it.</returns>
    private async Task<bool?> IsKeptAsync(string ns, CancellationToken cancellationToken)
    {
        if (keptFor.TryGetValue(ns, out ForeignObject? known) && await foreign.IsThereAsync(known, isForeign: null, cancellationToken).ConfigureAwait(false))
        {
            return true;
        }

        keptFor.TryRemove(ns, out _);
        List<string> unavailable = [];
        ForeignObject? found = await foreign.InNamespaceAsync(ns, isForeign: null, unavailable, cancellationToken).ConfigureAwait(false);
        if (found is not null)
        {
            keptFor[ns] = found;
            Log.NamespaceKept(logger, ns, $"{found.Kind} {found.Name}");
        }
        else if (string.Join(", ", unavailable) is { Length: > 0 } some && unknown.GetValueOrDefault(ns) != some)
        {
            unknown[ns] = some;
            Log.NamespaceKept(logger, ns, $"perhaps something of {some}, of which the cluster does not tell");
        }

        return found is not null ? true : unavailable.Count > 0 ? null : false;
    }
}
