using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Tenancies;

namespace Orrery.Satellite.Applying;

/// <summary>Removes a mapped namespace that nothing is to run in any more, unless somebody else put something into it.</summary>
internal sealed class NamespaceReconciler(SatelliteContext context, AppliedObjects applied, WorksByNamespace works, ILogger logger) : IReconciler<string>
{
    /// <summary>What Kubernetes itself serves; all others are custom resources, or served by somebody else's server.</summary>
    private static readonly HashSet<string> OwnGroups = new(StringComparer.Ordinal)
    {
        "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io",
        "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "extensions", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy",
        "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
    };

    /// <summary>When to ask again a cluster that cannot tell now what is in a namespace.</summary>
    private static readonly TimeSpan UnknownLook = TimeSpan.FromSeconds(30);

    /// <summary>What empty namespaces were kept for. As long as it is there, nothing else is looked for.</summary>
    private readonly ConcurrentDictionary<string, Foreign> keptFor = new(StringComparer.Ordinal);

    /// <summary>Of what the cluster could not tell whether it is in an empty namespace, as was said last.</summary>
    private readonly ConcurrentDictionary<string, string> unknown = new(StringComparer.Ordinal);

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (context.Namespaces.Get(ClusterName.Root, "", key) is not { IsDeleting: false } ns || MappedNamespace.Of(ns) is null || !IsEmpty(key))
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
        if (keptFor.TryGetValue(ns, out Foreign? known) && await IsThereAsync(known, ns, cancellationToken).ConfigureAwait(false))
        {
            return true;
        }

        keptFor.TryRemove(ns, out _);
        List<string> unavailable = [];
        Foreign? found = await FirstForeignAsync(ns, unavailable, cancellationToken).ConfigureAwait(false);
        if (found is null)
        {
            (IReadOnlyList<ApiResource> custom, IReadOnlyList<string> silent) = await context.Resources.AllAsync(cancellationToken, g => !OwnGroups.Contains(g)).ConfigureAwait(false);
            unavailable.AddRange(silent);
            found = await FirstForeignAsync(ns, custom, cancellationToken).ConfigureAwait(false);
        }

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

    private async Task<bool> IsThereAsync(Foreign known, string ns, CancellationToken cancellationToken)
    {
        try
        {
            return await context.Cluster.FindAsync(known.Resource, ns, known.Name, cancellationToken).ConfigureAwait(false) is { } found && !IsAutomatic(known.Kind, found);
        }
        catch (StatusException e) when (e.Code == 403)
        {
            return false;
        }
    }

    /// <summary>The first object of the usual kinds that neither the cluster nor a controller made by itself.</summary>
    /// <param name="unavailable">Gets what the satellite may not see, which may be what it applied itself.</param>
    private async Task<Foreign?> FirstForeignAsync(string ns, List<string> unavailable, CancellationToken cancellationToken)
    {
        foreach (PlaceableKind kind in PlaceableKinds.All)
        {
            try
            {
                if (await context.Resources.FindAsync(kind.Resource, cancellationToken).ConfigureAwait(false) is not null
                    && await FirstForeignAsync(ns, kind.Resource, kind.Kind, cancellationToken).ConfigureAwait(false) is { } foreign)
                {
                    return foreign;
                }
            }
            catch (StatusException e) when (e.Code == 403)
            {
                unavailable.Add(kind.Resource.GroupResource.ToString());
            }
        }

        return null;
    }

    /// <summary>The first object of a custom kind that no controller made. Kinds that the satellite may not see are passed over: whoever keeps them from it takes that on.</summary>
    private async Task<Foreign?> FirstForeignAsync(string ns, IReadOnlyList<ApiResource> custom, CancellationToken cancellationToken)
    {
        foreach (ApiResource resource in custom.Where(r => r.IsNamespaced && r.Verbs.Contains("list") && r.Verbs.Contains("delete")))
        {
            try
            {
                if (await FirstForeignAsync(ns, resource.Resource, resource.Kind, cancellationToken).ConfigureAwait(false) is { } foreign)
                {
                    return foreign;
                }
            }
            catch (StatusException e) when (e.Code is 403 or 404)
            {
                // 404: gone with its definition.
            }
        }

        return null;
    }

    private async Task<Foreign?> FirstForeignAsync(string ns, GroupVersionResource resource, string kind, CancellationToken cancellationToken)
    {
        KubeList found = await context.Cluster.ListAsync(resource, ns, null, cancellationToken).ConfigureAwait(false);
        return found.Items.FirstOrDefault(o => !IsAutomatic(kind, o)) is { } foreign ? new Foreign(resource, kind, foreign.Name) : null;
    }

    private static bool IsAutomatic(string kind, KubeObject found) =>
        (kind == "ConfigMap" && found.Name == "kube-root-ca.crt")
        || (kind == "ServiceAccount" && found.Name == "default")
        || (kind == "Secret" && found.TextAt("type") == "kubernetes.io/service-account-token")
        || NamespaceGuards.IsGuard(found)
        || found.At("metadata", "ownerReferences") is { ValueKind: JsonValueKind.Array };

    /// <summary>An object that is nobody's but somebody else's.</summary>
    private sealed record Foreign(GroupVersionResource Resource, string Kind, string Name);
}
