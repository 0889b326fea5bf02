using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Tenants;

/// <summary>Gives a tenant the root namespace of its name and takes on those that carry its label.</summary>
internal sealed class TenantNamespaces(KubeClient root, Informer namespaces, EventRecorder events)
{
    /// <returns>Why the tenant has no namespace, or null.</returns>
    public async Task<string?> EnsureAsync(KubeObject tenant, string podSecurity, CancellationToken cancellationToken)
    {
        // 1. Its own.
        KubeObject? ns = namespaces.Get(ClusterName.Root, "", tenant.Name);
        string? refusal = IsReserved(tenant.Name) ? $"the name {tenant.Name} is reserved" : null;
        if (ns is null && refusal is null)
        {
            ns = await root.CreateAsync(
                CoreResources.Namespaces, "", OwnKinds.Namespace(tenant.Name, OrreryNames.TenantLabel, tenant.Name, tenant), cancellationToken).ConfigureAwait(false);
            namespaces.Observe(ns);
            events.Normal(tenant, "NamespaceCreated", $"Created namespace {tenant.Name}");
        }

        if (ns is not null && !IsOf(ns, tenant.Name))
        {
            refusal = $"namespace {tenant.Name} exists and does not carry the label {OrreryNames.TenantLabel}={tenant.Name}";
        }

        // 2. Namespaces that somebody made for the tenant go with it too, and their virtual clusters with them.
        foreach (KubeObject labelled in namespaces.All())
        {
            await OwnAsync(labelled, tenant, podSecurity, cancellationToken).ConfigureAwait(false);
        }

        return refusal;
    }

    /// <summary>Names of the tenant's root namespaces, sorted; those that are being deleted left out.</summary>
    public IReadOnlyList<string> Of(string tenant) =>
        [.. namespaces.All().Where(n => IsOf(n, tenant) && !n.IsDeleting && !IsReserved(n.Name)).Select(n => n.Name).Order(StringComparer.Ordinal)];

    private static bool IsOf(KubeObject ns, string tenant) => ns.Labels.GetValueOrDefault(OrreryNames.TenantLabel) == tenant && !NamespaceMarks.IsMapped(ns);

    /// <summary>The label says whose a namespace is; the owner reference makes it go with its owner.</summary>
    private async Task OwnAsync(KubeObject ns, KubeObject tenant, string podSecurity, CancellationToken cancellationToken)
    {
        bool wanted = IsOf(ns, tenant.Name) && !IsReserved(ns.Name);
        JsonObject[] owners = ns.At("metadata", "ownerReferences") is { } && ns.ToJsonObject().NodeAt("metadata", "ownerReferences") is JsonArray found ? [.. found.OfType<JsonObject>()] : [];
        bool owned = owners.Any(o => o.TextAt("uid") == tenant.Uid);
        bool secured = !wanted || ns.Labels.GetValueOrDefault(TenantGuards.EnforceLabel) == podSecurity;
        if (ns.IsDeleting || (owned == wanted && secured))
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

        var metadata = new JsonObject
        {
            ["resourceVersion"] = ns.ResourceVersion,
            ["ownerReferences"] = new JsonArray([.. others.Concat(wanted ? [reference] : []).Select(o => o.DeepClone())]),
        };
        if (wanted)
        {
            metadata["labels"] = new JsonObject { [TenantGuards.EnforceLabel] = podSecurity };
        }

        namespaces.Observe(await root.PatchAsync(
            CoreResources.Namespaces, "", ns.Name, PatchKind.Merge, new JsonObject { ["metadata"] = metadata }, cancellationToken).ConfigureAwait(false));
        if (wanted && !owned)
        {
            events.Normal(tenant, "NamespaceAdopted", $"Namespace {ns.Name} is the tenant's and goes with it");
        }
    }

    private static bool IsReserved(string name) =>
        name == "default" || name.StartsWith(OrreryNames.DataPlaneNamespacePrefix, StringComparison.Ordinal) || name.StartsWith("kube-", StringComparison.Ordinal);
}
