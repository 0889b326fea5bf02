using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Tenants;

/// <summary>Keeps one Tenancy in each data plane that a tenant uses, and none elsewhere.</summary>
internal sealed class TenantTenancies(KubeClient root, Informer tenancies, Informer classes, PlacementsInUse placements, FleetDirectory fleet, WorkDirectory works)
{
    private const string ByTenant = "tenancy-tenant";

    public static Informer Index(Informer tenancies) => tenancies.AddIndex(ByTenant, t => [t.Name]);

    public IReadOnlyList<KubeObject> Of(string tenant) => tenancies.ByIndex(ByTenant, tenant);

    /// <summary>The size of a tenant; null when it names none that exists, <see cref="TenantClass.None"/> when it names none.</summary>
    public TenantClass? SizeOf(Tenant tenant) => tenant.Class.Length == 0 ? TenantClass.None
        : classes.Get(ClusterName.Root, "", tenant.Class) is { } found ? TenantClass.From(found) : null;

    /// <param name="namespaces">Root namespaces of the tenant.</param>
    public async Task BringAboutAsync(Tenant tenant, IReadOnlyList<string> namespaces, CancellationToken cancellationToken)
    {
        IReadOnlyList<KubeObject> present = Of(tenant.Name);
        TenantClass size = SizeOf(tenant) ?? TenantClass.None;
        TenantClass[] all = [.. classes.All().Select(TenantClass.From)];
        var used = present.ToDictionary(DataPlaneOf, t => KindJson.Quantities(t.At("status", "used")), StringComparer.Ordinal);
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (DataPlane dataPlane in Uses(tenant, namespaces))
        {
            kept.Add(dataPlane.Name);
            IReadOnlyDictionary<string, Quantity> quota = size.Quota.Count == 0 ? size.Quota : TenancyBuilder.Share(size.Quota, used, dataPlane.Name);
            JsonObject wanted = TenancyBuilder.Build(tenant, size, all, quota, dataPlane);
            KubeObject? existing = tenancies.Get(ClusterName.Root, dataPlane.Namespace, tenant.Name);
            if (existing is null)
            {
                tenancies.Observe(await root.CreateAsync(OrreryResources.Tenancies, dataPlane.Namespace, wanted, cancellationToken).ConfigureAwait(false));
            }
            else if (!JsonComparison.IsSame(existing.At("spec"), wanted["spec"]))
            {
                var patch = new JsonArray(
                    new JsonObject { ["op"] = "test", ["path"] = "/metadata/uid", ["value"] = existing.Uid },
                    new JsonObject { ["op"] = "add", ["path"] = "/spec", ["value"] = wanted["spec"]!.DeepClone() });
                tenancies.Observe(await root.PatchAsync(
                    OrreryResources.Tenancies, existing.Namespace, existing.Name, PatchKind.Json, patch, cancellationToken).ConfigureAwait(false));
            }
        }

        await WithdrawAsync(tenant.Name, kept, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As it is where the tenant runs: what it is to come to is not known. Data planes that it has left are let go all the same.</summary>
    /// <param name="namespaces">Root namespaces of the tenant.</param>
    public Task LeaveAsync(Tenant tenant, IReadOnlyList<string> namespaces, CancellationToken cancellationToken) =>
        WithdrawAsync(tenant.Name, Uses(tenant, namespaces).Select(d => d.Name).ToHashSet(StringComparer.Ordinal), cancellationToken);

    /// <summary>
    /// Takes the Tenancies away from data planes that hold nothing of the tenant any more. While they hold something, it stays held apart.
    /// </summary>
    public async Task WithdrawAsync(string tenant, IReadOnlySet<string> kept, CancellationToken cancellationToken)
    {
        foreach (KubeObject left in Of(tenant).Where(t => !t.IsDeleting && !kept.Contains(DataPlaneOf(t)) && !works.HasTenant(tenant, DataPlaneOf(t))))
        {
            await OwnKinds.DeleteAsync(root, OrreryResources.Tenancies, left, cancellationToken).ConfigureAwait(false);
        }
    }

    public static string DataPlaneOf(KubeObject tenancy) =>
        tenancy.Namespace.StartsWith(OrreryNames.DataPlaneNamespacePrefix, StringComparison.Ordinal) ? tenancy.Namespace[OrreryNames.DataPlaneNamespacePrefix.Length..] : "";

    /// <summary>Where a placement of the tenant comes to, so that it is held apart before anything arrives, and where it has something.</summary>
    private IEnumerable<DataPlane> Uses(Tenant tenant, IReadOnlyList<string> namespaces)
    {
        FleetSnapshot snapshot = fleet.Current;
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (Api.Kinds.Placement placement in namespaces.SelectMany(placements.In))
        {
            names.UnionWith(PlacementResolver.Resolve(placement, tenant, snapshot, []).DataPlanes.Select(d => d.Name));
        }

        foreach (DataPlane dataPlane in snapshot.DataPlanes.Where(d => names.Contains(d.Name) || works.HasTenant(tenant.Name, d.Name)))
        {
            if (!dataPlane.Deleting || works.HasTenant(tenant.Name, dataPlane.Name))
            {
                yield return dataPlane;
            }
        }
    }
}
