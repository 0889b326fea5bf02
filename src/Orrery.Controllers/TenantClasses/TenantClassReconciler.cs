using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.TenantClasses;

/// <summary>Says on a class which tenants have it.</summary>
internal sealed class TenantClassReconciler(KubeClient root, Informer classes, Informer tenants) : IReconciler<string>
{
    public static string ClassOf(KubeObject tenant) => tenant.TextAt("spec", "class") ?? "";

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (classes.Get(ClusterName.Root, "", key) is { } found)
        {
            string[] users = [.. tenants.All().Where(t => ClassOf(t) == key).Select(t => t.Name).Order(StringComparer.Ordinal)];
            JsonObject status = OwnKinds.StatusOf(found);
            status["tenants"] = OwnKinds.List(users);
            await OwnKinds.WriteStatusAsync(root, classes, found, status, cancellationToken).ConfigureAwait(false);
        }

        return ReconcileResult.Done;
    }
}
