using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Tenants;

namespace Orrery.Controllers.TenantClasses;

/// <summary>Says on a class which tenants have it, and whether what it comes to was refused for one.</summary>
internal sealed class TenantClassReconciler(KubeClient root, Informer classes, Informer tenants, TimeProvider time) : IReconciler<string>
{
    public static string ClassOf(KubeObject tenant) => tenant.TextAt("spec", "class") ?? "";

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (classes.Get(ClusterName.Root, "", key) is { } found)
        {
            KubeObject[] users = [.. tenants.All().Where(t => ClassOf(t) == key).OrderBy(t => t.Name, StringComparer.Ordinal)];
            KubeObject? refused = users.FirstOrDefault(t => Conditions.Find(t, OrreryNames.ReadyCondition) is { Reason: TenantStatus.Refused });
            JsonObject status = OwnKinds.StatusOf(found);
            status["observedGeneration"] = found.Generation;
            status["tenants"] = OwnKinds.List([.. users.Select(u => u.Name)]);
            Conditions.Set(
                status,
                OrreryNames.ReadyCondition,
                refused is null ? Conditions.True : Conditions.False,
                refused is null ? "NoneRefused" : TenantStatus.Refused,
                refused is null ? "no tenant was refused what it comes to" : $"tenant {refused.Name}: {Conditions.Find(refused, OrreryNames.ReadyCondition)!.Message}",
                time.GetUtcNow(),
                found.Generation);
            await OwnKinds.WriteStatusAsync(root, classes, found, status, cancellationToken).ConfigureAwait(false);
        }

        return ReconcileResult.Done;
    }
}
