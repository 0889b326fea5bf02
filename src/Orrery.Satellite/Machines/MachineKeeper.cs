using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Machines;

/// <summary>Where a tenant's machines stand.</summary>
/// <param name="Again">When to look again without any event; null when all is as wanted.</param>
internal sealed record MachineState(bool Ready, string Reason, string Message, IReadOnlyList<KubeObject> Nodes, TimeSpan? Again);

/// <summary>
/// Takes nodes of the cluster for a tenant and lets go of them again. A node is taken by a label, which the tenant's pods select, and a
/// taint, which keeps all others off. When the pools change, what is new is taken first; then the pods on what is left are evicted, as fast as
/// their disruption budgets allow and never otherwise; a node is let go of when none is left on it. Everything stands on the nodes
/// themselves, so that a change can be turned round, or this process restarted, at any moment.
/// </summary>
internal sealed class MachineKeeper(SatelliteContext context, Informer nodes, Informer pods, AwaitedBudgets budgets, ILogger logger)
{
    /// <summary>A budget that allows nothing now may do so when a pod has become ready somewhere else.</summary>
    private static readonly TimeSpan BudgetLook = TimeSpan.FromSeconds(2);

    /// <summary>After the moment at which an idle machine may go; times on marks are whole seconds.</summary>
    private static readonly TimeSpan IdleLook = TimeSpan.FromSeconds(1);

    /// <summary>Nodes that are wanted and not there are somebody else's to bring.</summary>
    private static readonly TimeSpan ShortLook = TimeSpan.FromSeconds(10);

    /// <summary>Marks of nodes, which others may mean otherwise: a controller of a cloud, say.</summary>
    private readonly DriftPace pace = new(context.Time);

    /// <param name="machines">Null: none is to be the tenant's.</param>
    public async Task<MachineState> BringAboutAsync(string tenant, string size, TenancyMachines? machines, CancellationToken cancellationToken)
    {
        if ((nodes.Refusal ?? pods.Refusal) is { } refusal)
        {
            // A machine on which no pod is seen may not be empty.
            return new MachineState(false, "Refused", refusal, [], ShortLook);
        }

        // 1. What is needed beyond what is there.
        DateTimeOffset now = context.Time.GetUtcNow();
        MachinePlan plan = MachinePlan.Of(tenant, machines?.Pools ?? [], Known(), pods.All(), IsTenants, now - context.Options.MachineIdleTime);
        List<(KubeObject Node, MachinePool Pool)> unlike = [.. plan.Kept.Where(k => !IsAsWanted(k.Node, tenant, k.Pool.Name))];
        List<string> fought = [.. plan.Taken.Concat(unlike).Where(k => pace.MustWait(k.Node.Uid)).Select(k => k.Node.Name).Order(StringComparer.Ordinal)];
        foreach ((KubeObject node, MachinePool pool) in plan.Taken.Where(k => !fought.Contains(k.Node.Name)))
        {
            await WriteAsync(node, tenant, pool.Name, leaving: false, cancellationToken).ConfigureAwait(false);
            pace.PutBack(node.Uid);
            Log.MachineTaken(logger, node.Name, tenant, pool.Name);
        }

        foreach ((KubeObject node, MachinePool pool) in unlike.Where(k => !fought.Contains(k.Node.Name)))
        {
            await WriteAsync(node, tenant, pool.Name, leaving: false, cancellationToken).ConfigureAwait(false);
            pace.PutBack(node.Uid);
        }

        // 2. What is idle is known by a mark, so that a restart does not begin anew.
        foreach ((KubeObject node, _) in plan.Kept.Where(k => MachinePlan.IdleSince(k.Node) is null == plan.Idle.Contains(k.Node)))
        {
            await PatchAsync(
                node, [], new JsonObject { [OrreryNames.IdleSinceAnnotation] = plan.Idle.Contains(node) ? Conditions.Time(now) : null }, [], cancellationToken).ConfigureAwait(false);
        }

        TimeSpan? again = plan.Idle.Count == 0 ? null : plan.Idle.Min(n => (MachinePlan.IdleSince(n) ?? now) - now) + context.Options.MachineIdleTime + IdleLook;

        // 3. Nothing is given up before all that is to take its place is there and ready.
        if (plan.Short.Count > 0)
        {
            return new MachineState(false, "PoolShort", string.Join("; ", plan.Short), nodes.All(), ShortLook);
        }

        if (fought.Count > 0)
        {
            return new MachineState(
                false, "Contested", $"somebody changes the marks of machines {string.Join(", ", fought)} again and again; they are put back every {DriftPace.Interval.TotalSeconds:0} s only", nodes.All(), DriftPace.Interval);
        }

        if (plan.Left.Count == 0)
        {
            if (plan.Taken.Count == 0 && machines is { Strict: true } && await MoveBareAsync(tenant, cancellationToken).ConfigureAwait(false) is { } moving)
            {
                return moving;
            }

            return plan.Taken.Count > 0
                ? new MachineState(false, "Taking", $"{plan.Taken.Count} machines were just taken", nodes.All(), BudgetLook)
                : new MachineState(true, "PoolsInForce", machines is null ? "no machine is the tenant's" : size.Length > 0 ? $"the machine pools of class {size} are in force" : "the class has no machine pools", nodes.All(), again);
        }

        // 4. What is left is emptied and let go.
        return await LeaveAsync(tenant, plan.Left, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>All but those that another control plane took for a tenant of its own, whatever that is called.</summary>
    private List<KubeObject> Known() => [.. nodes.All().Where(n => !n.Labels.ContainsKey(OrreryNames.TenantLabel) || !context.Served.IsAnothers(n))];

    /// <summary>The nodes that carry the tenant's label.</summary>
    public IEnumerable<KubeObject> Of(string tenant) => nodes.All().Where(n => context.Served.TenantOf(n) == tenant);

    /// <summary>
    /// Pods of a workload follow its template onto the tenant's machines. One that was placed bare before it had any cannot be changed: it is evicted, as its budget
    /// allows, and made again by its Work, then in its new shape. One that runs to an end is left to it.
    /// </summary>
    /// <returns>Null when none runs elsewhere.</returns>
    private async Task<MachineState?> MoveBareAsync(string tenant, CancellationToken cancellationToken)
    {
        HashSet<string> own = [.. Of(tenant).Select(n => n.Name)];
        List<KubeObject> elsewhere = [.. pods.All().Where(p => IsBare(p) && MustMove(p) && p.TextAt("spec", "nodeName") is { Length: > 0 } node && !own.Contains(node) && TenantOf(p) == tenant)];
        if (elsewhere.Count == 0)
        {
            return null;
        }

        string held = "";
        foreach (KubeObject pod in elsewhere.Where(p => !p.IsDeleting))
        {
            held = await EvictAsync(pod, cancellationToken).ConfigureAwait(false) ?? held;
        }

        return new MachineState(
            false, "Moving", $"{elsewhere.Count} pods that were placed bare are on machines that are not the tenant's{(held.Length > 0 ? $"; {held}" : "")}", nodes.All(), BudgetLook);
    }

    private static bool IsBare(KubeObject pod) =>
        pod.Labels.GetValueOrDefault(OrreryNames.ManagedByLabel) == OrreryNames.Manager
        && pod.TextAt("spec", "restartPolicy") is (null or "Always")
        && pod.At("metadata", "ownerReferences") is not { ValueKind: System.Text.Json.JsonValueKind.Array };

    private async Task<MachineState> LeaveAsync(string tenant, IReadOnlyList<KubeObject> left, CancellationToken cancellationToken)
    {
        foreach (KubeObject node in left.Where(n => !n.Annotations.ContainsKey(OrreryNames.LeavingAnnotation)))
        {
            await WriteAsync(node, tenant, node.Labels.GetValueOrDefault(OrreryNames.MachinePoolLabel) ?? "", leaving: true, cancellationToken).ConfigureAwait(false);
        }

        int remaining = 0;
        string held = "";
        foreach (KubeObject node in left)
        {
            List<KubeObject> on = [.. pods.All().Where(p => p.TextAt("spec", "nodeName") == node.Name && MustMove(p) && TenantOf(p) == tenant)];
            if (on.Count == 0)
            {
                await ReleaseAsync(node, tenant, cancellationToken).ConfigureAwait(false);
                continue;
            }

            remaining += on.Count;
            foreach (KubeObject pod in on.Where(p => !p.IsDeleting))
            {
                held = await EvictAsync(pod, cancellationToken).ConfigureAwait(false) ?? held;
            }
        }

        return remaining == 0
            ? new MachineState(false, "Releasing", $"{left.Count} machines are let go", nodes.All(), BudgetLook)
            : new MachineState(false, "Moving", $"{remaining} pods are still on {left.Count} machines that are to go{(held.Length > 0 ? $"; {held}" : "")}", nodes.All(), BudgetLook);
    }

    /// <returns>What holds the pod where it is; null when it goes.</returns>
    private async Task<string?> EvictAsync(KubeObject pod, CancellationToken cancellationToken)
    {
        if (budgets.Of(pod) is { } awaited)
        {
            // The cluster would let it go: it does not know of the budget.
            return $"pod {pod.Namespace}/{pod.Name} waits until its disruption budget is in force: {awaited}";
        }

        var eviction = new JsonObject
        {
            ["apiVersion"] = "policy/v1",
            ["kind"] = "Eviction",
            ["metadata"] = new JsonObject { ["name"] = pod.Name, ["namespace"] = pod.Namespace },
            ["deleteOptions"] = new JsonObject { ["preconditions"] = new JsonObject { ["uid"] = pod.Uid } },
        };
        try
        {
            await context.Actions.EvictAsync(pod, eviction, "a machine is to go", cancellationToken).ConfigureAwait(false);
            Log.PodEvicted(logger, pod.Namespace, pod.Name);
            return null;
        }
        catch (StatusException e) when (e.Code == 429)
        {
            return $"pod {pod.Namespace}/{pod.Name} waits for its disruption budget";
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict)
        {
            return null;
        }
        catch (StatusException e) when (e.Code is 403 or 500)
        {
            return $"pod {pod.Namespace}/{pod.Name} cannot be evicted: {e.Message}";
        }
    }

    private bool IsTenants(KubeObject pod, string tenant) => TenantOf(pod) == tenant;

    private string? TenantOf(KubeObject pod) => context.Served.TenantOf(context.Namespaces.Get(ClusterName.Root, "", pod.Namespace));

    /// <summary>What runs on every node, or by the node itself, or has ended, holds no node.</summary>
    internal static bool MustMove(KubeObject pod) =>
        pod.TextAt("status", "phase") is not ("Succeeded" or "Failed")
        && !pod.Annotations.ContainsKey("kubernetes.io/config.mirror")
        && !(pod.At("metadata", "ownerReferences") is { ValueKind: System.Text.Json.JsonValueKind.Array } owners
            && owners.EnumerateArray().Any(o => o.TryGetProperty("kind", out System.Text.Json.JsonElement kind) && kind.ValueEquals("DaemonSet")));

    private static bool IsAsWanted(KubeObject node, string tenant, string pool) =>
        node.Labels.GetValueOrDefault(OrreryNames.TenantLabel) == tenant
        && node.Labels.GetValueOrDefault(OrreryNames.MachinePoolLabel) == pool
        && !node.Annotations.ContainsKey(OrreryNames.LeavingAnnotation)
        && Taints(node).Any(t => IsOurs(t, tenant));

    /// <summary>Takes a node for the tenant, or marks it as leaving: nothing new goes onto it then.</summary>
    private async Task WriteAsync(KubeObject node, string tenant, string pool, bool leaving, CancellationToken cancellationToken)
    {
        var taints = new JsonArray([.. Taints(node).Where(t => t.TextAt("key") != OrreryNames.TenantLabel).Select(t => (JsonNode)t.DeepClone())]);
        taints.Add((JsonNode)new JsonObject { ["key"] = OrreryNames.TenantLabel, ["value"] = tenant, ["effect"] = "NoSchedule" });
        var spec = new JsonObject { ["taints"] = taints };
        if (leaving)
        {
            spec["unschedulable"] = true;
        }
        else if (node.Annotations.ContainsKey(OrreryNames.LeavingAnnotation))
        {
            // Cordoned for leaving, and stays after all. One that people cordoned is not ours to open.
            spec["unschedulable"] = null;
        }

        await PatchAsync(
            node,
            new JsonObject { [OrreryNames.TenantLabel] = tenant, [OrreryNames.MachinePoolLabel] = pool },
            new JsonObject
            {
                [OrreryNames.ControlPlaneAnnotation] = context.Served.Marks.Id is { Length: > 0 } id ? id : null,
                [OrreryNames.LeavingAnnotation] = leaving ? (node.At("spec", "unschedulable") is { ValueKind: System.Text.Json.JsonValueKind.True } ? "cordoned-before" : "true") : null,
            },
            spec,
            cancellationToken).ConfigureAwait(false);
    }

    private async Task ReleaseAsync(KubeObject node, string tenant, CancellationToken cancellationToken)
    {
        var spec = new JsonObject
        {
            ["taints"] = new JsonArray([.. Taints(node).Where(t => t.TextAt("key") != OrreryNames.TenantLabel).Select(t => (JsonNode)t.DeepClone())]),
        };
        if (node.Annotations.GetValueOrDefault(OrreryNames.LeavingAnnotation) == "true")
        {
            spec["unschedulable"] = null;
        }

        await PatchAsync(
            node,
            new JsonObject { [OrreryNames.TenantLabel] = null, [OrreryNames.MachinePoolLabel] = null },
            new JsonObject { [OrreryNames.ControlPlaneAnnotation] = null, [OrreryNames.LeavingAnnotation] = null, [OrreryNames.IdleSinceAnnotation] = null },
            spec,
            cancellationToken).ConfigureAwait(false);
        Log.MachineReleased(logger, node.Name, tenant);
    }

    /// <summary>At the version that was read: a node that somebody else took meanwhile is not taken from them.</summary>
    private async Task PatchAsync(KubeObject node, JsonObject labels, JsonObject annotations, JsonObject spec, CancellationToken cancellationToken)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = node.ResourceVersion, ["labels"] = labels, ["annotations"] = annotations },
            ["spec"] = spec,
        };
        nodes.Observe(await context.Actions.PatchAsync(ClusterResources.Nodes, "Node", node.Name, patch, "machines of tenants", cancellationToken).ConfigureAwait(false));
    }

    private static IEnumerable<JsonObject> Taints(KubeObject node) =>
        node.At("spec", "taints") is { ValueKind: System.Text.Json.JsonValueKind.Array } taints ? JsonArray.Create(taints)!.OfType<JsonObject>() : [];

    private static bool IsOurs(JsonObject taint, string tenant) =>
        taint.TextAt("key") == OrreryNames.TenantLabel && taint.TextAt("value") == tenant && taint.TextAt("effect") == "NoSchedule";
}
