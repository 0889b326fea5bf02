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
    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (context.Namespaces.Get(ClusterName.Root, "", key) is not { IsDeleting: false } ns || MappedNamespace.Of(ns) is null || !IsEmpty(key))
        {
            return ReconcileResult.Done;
        }

        if (await FirstForeignAsync(key, cancellationToken).ConfigureAwait(false) is { } foreign)
        {
            Log.NamespaceKept(logger, key, foreign);
            return ReconcileResult.Done;
        }

        if (!IsEmpty(key))
        {
            return ReconcileResult.Done;
        }

        if (await NamespaceDeletion.DeleteAsync(context, ns, "it is empty", cancellationToken, isEmpty: true).ConfigureAwait(false))
        {
            Log.NamespaceRemoved(logger, key);
        }

        return ReconcileResult.Done;
    }

    private bool IsEmpty(string ns) => !works.Any(ns) && !applied.AnyIn(ns);

    /// <summary>The first object that neither the cluster nor a controller made by itself.</summary>
    private async Task<string?> FirstForeignAsync(string ns, CancellationToken cancellationToken)
    {
        foreach (PlaceableKind kind in PlaceableKinds.All)
        {
            if (await context.Resources.FindAsync(kind.Resource, cancellationToken).ConfigureAwait(false) is null)
            {
                continue;
            }

            KubeList found = await context.Cluster.ListAsync(kind.Resource, ns, null, cancellationToken).ConfigureAwait(false);
            if (found.Items.FirstOrDefault(o => !IsAutomatic(kind.Kind, o)) is { } foreign)
            {
                return $"{kind.Kind} {foreign.Name}";
            }
        }

        return null;
    }

    private static bool IsAutomatic(string kind, KubeObject found) =>
        (kind == "ConfigMap" && found.Name == "kube-root-ca.crt")
        || (kind == "ServiceAccount" && found.Name == "default")
        || (kind == "Secret" && found.TextAt("type") == "kubernetes.io/service-account-token")
        || NamespaceGuards.IsGuard(found)
        || found.At("metadata", "ownerReferences") is { ValueKind: JsonValueKind.Array };
}
