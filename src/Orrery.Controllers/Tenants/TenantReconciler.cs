using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Tenants;

/// <summary>
/// Keeps what a tenant has: its root namespaces, the rights of its members there, its bounds, and in each data plane that it uses a Tenancy that says how it is
/// held apart. Rights in its virtual clusters are <see cref="ClusterRights"/>'.
/// </summary>
internal sealed class TenantReconciler(
    KubeClient root,
    Informer tenants,
    Informer virtualClusters,
    TenantNamespaces namespaces,
    TenantTenancies tenancies,
    GuardInformers inRoot,
    TenantDeparture departure,
    EventRecorder events,
    TimeProvider time) : IReconciler<string>
{
    private const int Unprocessable = 422;

    /// <summary>A change of the class wakes sooner.</summary>
    private static readonly TimeSpan RefusedLook = TimeSpan.FromMinutes(1);

    private static readonly string[] Told = [OrreryNames.ReadyCondition, OrreryNames.IsolatedCondition, OrreryNames.MachinesReadyCondition, OrreryNames.SuspendedCondition];

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (tenants.Get(ClusterName.Root, "", key) is not { IsDeleting: false } json)
        {
            await departure.AdvanceAsync(key, tenants.Get(ClusterName.Root, "", key), cancellationToken).ConfigureAwait(false);
            return ReconcileResult.Done;
        }

        await OwnKinds.SetFinalizerAsync(root, tenants, json, OrreryNames.TenantFinalizer, present: true, cancellationToken).ConfigureAwait(false);
        json = tenants.Get(ClusterName.Root, "", key) ?? json;

        // 1. Its namespaces.
        Tenant tenant = Tenant.From(json);
        string? refusal = await namespaces.EnsureAsync(json, tenant.PodSecurity, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<string> own = namespaces.Of(key);
        bool terminating = refusal is null && !own.Contains(key);

        // 2. Rights and bounds in root. A class that is not there (yet) leaves what was in force. What the API refuses, such as a quota of something that there is not, is for people to mend.
        TenantClass? size = tenancies.SizeOf(tenant);
        GroupVersionResource[] unknown = size is null ? [CoreResources.ResourceQuotas, CoreResources.LimitRanges] : [];
        string? refused = null;
        try
        {
            await inRoot.BringAboutAsync(key, TenantObjects.InRoot(json, tenant, size ?? TenantClass.None, own), cancellationToken, null, unknown).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.Code == Unprocessable)
        {
            refused = e.Message;
        }

        // 3. How data planes hold it apart. A class that is not there (yet), or makes no sense, leaves what was in force.
        if (size is not null && refused is null)
        {
            await tenancies.BringAboutAsync(tenant, own, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await tenancies.LeaveAsync(tenant, own, cancellationToken).ConfigureAwait(false);
        }

        // 4. The status.
        JsonObject status = TenantStatus.Build(
            json, tenant, refusal, refused, terminating, own.Sum(n => virtualClusters.CountInNamespace(ClusterName.Root, n)), size, tenancies.Of(key), time.GetUtcNow());
        await OwnKinds.WriteStatusAsync(root, tenants, json, status, cancellationToken).ConfigureAwait(false);
        ConditionEvents.Tell(events, json, status, Told, noJudgement: OrreryNames.SuspendedCondition);
        return refused is null ? ReconcileResult.Done : ReconcileResult.After(RefusedLook);
    }
}
