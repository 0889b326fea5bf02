using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Tenancies;

/// <summary>Brings the cluster to what one tenant's Tenancy says, and the Tenancy's status to what the cluster says.</summary>
internal sealed class TenancyReconciler(SatelliteContext context, KnownTenancies tenancies, NamespaceGuards guards, ILogger logger) : IReconciler<string>
{
    private static readonly TimeSpan RefusedLook = TimeSpan.FromSeconds(10);

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        KubeObject? json = tenancies.JsonOf(key);
        Tenancy? tenancy = json is { IsDeleting: false } ? tenancies.Of(key) : null;

        // 1. What holds its namespaces apart.
        string refusal = "";
        try
        {
            await guards.BringAboutAsync(key, tenancy, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.Code is 400 or 403 or 422)
        {
            refusal = e.Message;
            Log.GuardRefused(logger, key, e.Reason, e.Message);
        }

        if (tenancy is null)
        {
            return ReconcileResult.Done;
        }

        // 2. The status.
        await ReportAsync(json!, tenancy, refusal, cancellationToken).ConfigureAwait(false);
        return refusal.Length > 0 ? ReconcileResult.After(RefusedLook) : ReconcileResult.Done;
    }

    private async Task ReportAsync(KubeObject json, Tenancy tenancy, string refusal, CancellationToken cancellationToken)
    {
        JsonObject status = json.ToJsonObject()["status"]?.DeepClone() as JsonObject ?? [];
        DateTimeOffset now = context.Time.GetUtcNow();
        int namespaces = guards.NamespacesOf(tenancy.Tenant).Count;
        status["observedGeneration"] = json.Generation;
        status["namespaces"] = namespaces;
        IReadOnlyDictionary<string, Quantity> used = guards.UsedBy(tenancy.Tenant);
        if (used.Count > 0)
        {
            status["used"] = KindJson.Quantities(used);
        }
        else
        {
            status.Remove("used");
        }

        Conditions.Set(
            status, OrreryNames.IsolatedCondition, refusal.Length == 0 ? Conditions.True : Conditions.False, refusal.Length == 0 ? "Isolated" : "Refused",
            refusal.Length == 0 ? "its namespaces are held apart" : refusal, now, json.Generation);
        if (JsonComparison.IsSame(json.At("status"), status))
        {
            return;
        }

        var patch = new JsonArray(
            new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = json.Uid },
            new JsonObject { ["op"] = "add", ["path"] = "/status", ["value"] = status });
        try
        {
            tenancies.Informer.Observe(await context.ControlPlane.PatchAsync(
                OrreryResources.Tenancies, json.Namespace, json.Name, PatchKind.Json, patch, cancellationToken, "status").ConfigureAwait(false));
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Deleted meanwhile: its deletion brings the key back.
        }
    }
}
