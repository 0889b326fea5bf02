using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Tenants;

/// <summary>Gives a tenant the root namespace of its name, takes on those that carry its label, and says whether it has them.</summary>
internal sealed class TenantReconciler(
    KubeClient root, Informer tenants, Informer namespaces, Informer virtualClusters, EventRecorder events, TimeProvider time) : IReconciler<string>
{
    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (tenants.Get(ClusterName.Root, "", key) is not { IsDeleting: false } tenant)
        {
            // Its namespace is owned by it and goes with it.
            return ReconcileResult.Done;
        }

        // 1. The namespace.
        KubeObject? ns = namespaces.Get(ClusterName.Root, "", tenant.Name);
        string? refusal = IsReserved(tenant.Name) ? $"the name {tenant.Name} is reserved" : null;
        if (ns is null && refusal is null)
        {
            ns = await root.CreateAsync(
                CoreResources.Namespaces, "", OwnKinds.Namespace(tenant.Name, OrreryNames.TenantLabel, tenant.Name, tenant), cancellationToken).ConfigureAwait(false);
            namespaces.Observe(ns);
            events.Normal(tenant, "NamespaceCreated", $"Created namespace {tenant.Name}");
        }

        if (ns is not null && ns.Labels.GetValueOrDefault(OrreryNames.TenantLabel) != tenant.Name)
        {
            refusal = $"namespace {tenant.Name} exists and does not carry the label {OrreryNames.TenantLabel}={tenant.Name}";
        }

        // 2. Namespaces that somebody made for the tenant go with it too, and their virtual clusters with them.
        foreach (KubeObject labelled in namespaces.All())
        {
            await OwnAsync(labelled, tenant, cancellationToken).ConfigureAwait(false);
        }

        // 3. The status.
        JsonObject status = OwnKinds.StatusOf(tenant);
        status["observedGeneration"] = tenant.Generation;
        bool ready = refusal is null && !ns!.IsDeleting;
        if (refusal is null)
        {
            status["namespace"] = tenant.Name;
        }
        else
        {
            status.Remove("namespace");
        }

        status["virtualClusters"] = namespaces.All().Where(n => n.Labels.GetValueOrDefault(OrreryNames.TenantLabel) == tenant.Name)
            .Sum(n => virtualClusters.InNamespace(ClusterName.Root, n.Name).Count);
        Conditions.Set(
            status,
            OrreryNames.ReadyCondition,
            ready ? Conditions.True : Conditions.False,
            ready ? "NamespaceReady" : refusal is null ? "NamespaceTerminating" : "NamespaceTaken",
            ready ? $"namespace {tenant.Name} is the tenant's" : refusal ?? $"namespace {tenant.Name} is being deleted",
            time.GetUtcNow(),
            tenant.Generation);
        await OwnKinds.WriteStatusAsync(root, tenants, tenant, status, cancellationToken).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    /// <summary>The label says whose a namespace is; the owner reference makes it go with its owner.</summary>
    private async Task OwnAsync(KubeObject ns, KubeObject tenant, CancellationToken cancellationToken)
    {
        bool wanted = ns.Labels.GetValueOrDefault(OrreryNames.TenantLabel) == tenant.Name && !IsReserved(ns.Name);
        JsonObject[] owners = ns.ToJsonObject().NodeAt("metadata", "ownerReferences") is JsonArray found ? [.. found.OfType<JsonObject>()] : [];
        if (ns.IsDeleting || owners.Any(o => o.TextAt("uid") == tenant.Uid) == wanted)
        {
            return;
        }

        // Of another tenant of this name, deleted before: it would take the namespace with it.
        IEnumerable<JsonObject> others = owners.Where(o => o.TextAt("uid") != tenant.Uid && !(wanted && o.TextAt("kind") == "Tenant"));
        JsonObject reference = OwnKinds.OwnedBy(tenant);
        if (others.Any(o => o.FlagAt("controller") == true))
        {
            reference.Remove("controller");
        }

        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = ns.ResourceVersion,
                ["ownerReferences"] = new JsonArray([.. others.Concat(wanted ? [reference] : []).Select(o => o.DeepClone())]),
            },
        };
        namespaces.Observe(await root.PatchAsync(CoreResources.Namespaces, "", ns.Name, PatchKind.Merge, patch, cancellationToken).ConfigureAwait(false));
        if (wanted)
        {
            events.Normal(tenant, "NamespaceAdopted", $"Namespace {ns.Name} is the tenant's and goes with it");
        }
    }

    private static bool IsReserved(string name) =>
        name == "default" || name.StartsWith(OrreryNames.DataPlaneNamespacePrefix, StringComparison.Ordinal) || name.StartsWith("kube-", StringComparison.Ordinal);
}
