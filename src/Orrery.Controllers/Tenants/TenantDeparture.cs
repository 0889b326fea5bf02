using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Tenants;

/// <summary>
/// Takes away what a tenant has that is deleted. The Tenant stays by a finalizer until all of it has gone, so that it says what is left where; a data plane that is away is cleaned when it is
/// back, whether the Tenant waited for it or not.
/// </summary>
internal sealed class TenantDeparture(
    KubeClient root, Informer tenants, Informer namespaces, GuardInformers inRoot, TenantTenancies tenancies, TenantRemains remains, EventRecorder events, TimeProvider time)
{
    /// <summary>On what is deleted with <c>--cascade=orphan</c>, until the cluster has let go of what it owned.</summary>
    private const string OrphanFinalizer = "orphan";

    /// <param name="tenant">Null once it is gone.</param>
    public async Task AdvanceAsync(string name, KubeObject? tenant, CancellationToken cancellationToken)
    {
        if (tenant?.Finalizers.Contains(OrphanFinalizer) == true)
        {
            return;
        }

        // 1. What it has in root. Namespaces that it alone owns go with it, and the cluster would delete them only once it is gone.
        await inRoot.BringAboutAsync(name, [], cancellationToken).ConfigureAwait(false);
        KubeObject[] own = tenant is null ? [] : [.. namespaces.All().Where(n => IsOwnedBy(n, tenant))];
        foreach (KubeObject ns in own.Where(n => !n.IsDeleting))
        {
            await OwnKinds.DeleteAsync(root, CoreResources.Namespaces, ns, cancellationToken).ConfigureAwait(false);
        }

        // 2. What data planes have: held apart as long as there may be anything.
        IReadOnlyList<Remains> left = remains.Of(name);
        await tenancies.WithdrawAsync(name, left.Select(r => r.DataPlane.Name).ToHashSet(StringComparer.Ordinal), cancellationToken).ConfigureAwait(false);
        if (tenant is null || !tenant.Finalizers.Contains(OrreryNames.TenantFinalizer))
        {
            return;
        }

        // 3. The Tenant itself.
        if ((own.Length == 0 && left.Count == 0) || tenant.Annotations.ContainsKey(OrreryNames.ForceDeleteAnnotation))
        {
            await OwnKinds.SetFinalizerAsync(root, tenants, tenant, OrreryNames.TenantFinalizer, present: false, cancellationToken).ConfigureAwait(false);
            return;
        }

        (string reason, string message) = TenantRemains.Describe([.. own.Select(n => n.Name).Order(StringComparer.Ordinal)], left);
        JsonObject status = OwnKinds.StatusOf(tenant);
        Conditions.Set(status, OrreryNames.RemovedCondition, Conditions.False, reason, message, time.GetUtcNow(), tenant.Generation);
        string? before = Conditions.Find(tenant, OrreryNames.RemovedCondition)?.Reason;
        await OwnKinds.WriteStatusAsync(root, tenants, tenant, status, cancellationToken).ConfigureAwait(false);
        if (before != reason)
        {
            events.Record(tenant, reason == "Removing" ? "Normal" : "Warning", reason, message);
        }
    }

    private static bool IsOwnedBy(KubeObject ns, KubeObject tenant) =>
        ns.At("metadata", "ownerReferences") is { ValueKind: System.Text.Json.JsonValueKind.Array } owners && owners.GetArrayLength() == 1 && owners[0].GetProperty("uid").GetString() == tenant.Uid;
}
