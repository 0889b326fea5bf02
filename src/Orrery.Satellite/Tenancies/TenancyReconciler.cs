using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Machines;

namespace Orrery.Satellite.Tenancies;

/// <summary>Brings the cluster to what one tenant's Tenancy says, and the Tenancy's status to what the cluster says.</summary>
internal sealed class TenancyReconciler(SatelliteContext context, KnownTenancies tenancies, NamespaceGuards guards, MachineKeeper machines, ILogger logger) : IReconciler<string>
{
    private static readonly string[] Owned = ["observedGeneration", "conditions", "namespaces", "class", "used", "machines"];

    private static readonly TimeSpan RefusedLook = TimeSpan.FromSeconds(10);

    private readonly GuardPace holding = new(context, guards, logger);

    /// <summary>The cluster has come right again, or lets its satellite do more: what it refused is tried now.</summary>
    public void Recovered() => holding.Release();

    /// <summary>A namespace has gone.</summary>
    public void Forget(string ns) => holding.Forget(ns);

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        KubeObject? json = tenancies.JsonOf(key);
        Tenancy? tenancy = json is { IsDeleting: false } ? tenancies.Of(key) : null;

        if (tenancy is null && await context.Restoration.HoldsAsync(cancellationToken).ConfigureAwait(false))
        {
            // That nothing is said of a tenant is not known to be so: it stays held apart, on its machines.
            return ReconcileResult.After(RefusedLook);
        }

        // 1. What holds its namespaces apart.
        string refusal = context.NamespacesUnknown ?? "", reason = "Refused";
        TimeSpan? again = refusal.Length > 0 ? RefusedLook : null;
        bool isBlind = refusal.Length > 0;
        if (!isBlind)
        {
            (GuardRefusal? left, again) = await holding.BringAboutAsync(key, tenancy, cancellationToken).ConfigureAwait(false);
            if (left is null && again is { } soon)
            {
                // The cluster failed at it a moment ago: whether it can, or what it says, is not known yet.
                return ReconcileResult.After(soon);
            }

            (reason, refusal) = (left?.Reason ?? reason, left?.Message ?? "");
        }

        // 2. Its machines. Most tenants have none, and never had.
        MachineState? state = isBlind ? tenancy?.Machines is null ? null : new MachineState(false, "Refused", refusal, [], RefusedLook)
            : tenancy?.Machines is not null || machines.Of(key).Any() ? await MachinesAsync(key, tenancy, cancellationToken).ConfigureAwait(false)
            : null;

        // 3. The status.
        if (tenancy is not null)
        {
            await ReportAsync(json!, tenancy, reason, refusal, state, cancellationToken).ConfigureAwait(false);
        }

        again = again is { } one && state?.Again is { } other ? (one < other ? one : other) : again ?? state?.Again;
        return again is { } wait ? ReconcileResult.After(wait) : ReconcileResult.Done;
    }

    private async Task<MachineState> MachinesAsync(string tenant, Tenancy? tenancy, CancellationToken cancellationToken)
    {
        try
        {
            return await machines.BringAboutAsync(tenant, tenancy?.Class ?? "", tenancy?.Machines, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.Code == 403)
        {
            // By the cluster's RBAC, or by its owner's policy.
            return new MachineState(false, "Refused", e.Message, [], RefusedLook);
        }
    }

    private async Task ReportAsync(KubeObject json, Tenancy tenancy, string reason, string refusal, MachineState? state, CancellationToken cancellationToken)
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
            status, OrreryNames.IsolatedCondition, refusal.Length == 0 ? Conditions.True : Conditions.False, refusal.Length == 0 ? "Isolated" : reason,
            refusal.Length == 0 ? "its namespaces are held apart" : refusal, now, json.Generation);
        SetMachines(status, tenancy, state, json.Generation, now);
        if (JsonComparison.IsSame(json.At("status"), status))
        {
            return;
        }

        // Member by member: the usage beside them is written by its own report.
        var patch = new JsonArray((JsonNode)new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = json.Uid });
        if (json.At("status") is null)
        {
            patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = "/status", ["value"] = status });
        }
        else
        {
            foreach (string member in Owned)
            {
                if (status[member] is { } value)
                {
                    patch.Add((JsonNode)new JsonObject { ["op"] = "add", ["path"] = $"/status/{member}", ["value"] = value.DeepClone() });
                }
                else if (json.At("status", member) is not null)
                {
                    patch.Add((JsonNode)new JsonObject { ["op"] = "remove", ["path"] = $"/status/{member}" });
                }
            }
        }

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

    private void SetMachines(JsonObject status, Tenancy tenancy, MachineState? state, long generation, DateTimeOffset now)
    {
        if (state is null || tenancy.Machines is null)
        {
            Conditions.Remove(status, OrreryNames.MachinesReadyCondition);
        }
        else
        {
            Conditions.Set(status, OrreryNames.MachinesReadyCondition, state.Ready ? Conditions.True : Conditions.False, state.Reason, state.Message, now, generation);
        }

        // The class that was in force stays said until the next one is.
        if (tenancy.Machines is null)
        {
            status.Remove("class");
        }
        else if (state is { Ready: true })
        {
            status["class"] = tenancy.Class;
        }

        var nodes = new JsonArray();
        foreach (KubeObject node in machines.Of(tenancy.Tenant).OrderBy(n => n.Name, StringComparer.Ordinal))
        {
            var item = new JsonObject { ["name"] = node.Name, ["pool"] = node.Labels.GetValueOrDefault(OrreryNames.MachinePoolLabel) ?? "" };
            if (node.Annotations.ContainsKey(OrreryNames.LeavingAnnotation))
            {
                item["leaving"] = true;
            }

            nodes.Add((JsonNode)item);
        }

        if (nodes.Count > 0)
        {
            status["machines"] = nodes;
        }
        else
        {
            status.Remove("machines");
        }
    }
}
