using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Placement;

/// <summary>Where one object is wanted and where it is, as caches have it now.</summary>
/// <param name="Owner">Null when its virtual cluster is gone or no tenant's.</param>
/// <param name="IsPlaced">It is there, and of those that run in data planes.</param>
/// <param name="Existing">Its Works by the data plane.</param>
/// <param name="Targets">Where it is wanted.</param>
internal sealed record ObjectPlacement(
    SourceKey Key,
    KubeObject? Source,
    TenantCluster? Owner,
    PlaceableKind? Kind,
    bool IsPlaced,
    Resolution Resolution,
    IReadOnlyDictionary<string, KubeObject> Existing,
    List<DataPlane> Targets)
{
    public bool IsWantedOn(string dataPlane) => Targets.Exists(t => t.Name == dataPlane);

    /// <summary>Where it is wanted and does not run yet. A place that is silent is no place to move to.</summary>
    public IEnumerable<DataPlane> Coming => Targets.Where(t => !(Existing.GetValueOrDefault(t.Name) is { } work && (TakenPod.IsGone(work) || (t.IsReporting
        && Conditions.IsTrue(work, OrreryNames.AppliedCondition) && Conditions.Find(work, OrreryNames.AvailableCondition) is not { Status: not Conditions.True }))));
}

/// <summary>Finds out where objects of virtual clusters are wanted.</summary>
internal sealed class ObjectPlacements(
    FleetDirectory fleet, TenancyDirectory tenancy, WorkDirectory works, IReadOnlyDictionary<GroupKind, Informer> sources, Informer namespaces)
{
    public ObjectPlacement Of(SourceKey key)
    {
        KubeObject? source = sources.TryGetValue(key.Kind, out Informer? informer) ? informer.Get(key.Object) : null;
        TenantCluster? owner = tenancy.Find(key.Object.Cluster);
        PlaceableKind? kind = PlaceableKinds.Find(key.Kind);
        bool placed = source is not null && owner is not null && kind is not null && PlacementRules.IsPlaced(source);
        Resolution resolution = placed ? Resolve(source!, owner!) : Resolution.Nowhere;
        IReadOnlyDictionary<string, KubeObject> existing = Existing(key);
        return new ObjectPlacement(key, source, owner, kind, placed, resolution, existing, Targets(resolution, existing));
    }

    private Resolution Resolve(KubeObject source, TenantCluster owner)
    {
        var narrowings = new List<string>(2);
        if (namespaces.Get(source.Cluster, "", source.Namespace) is { } ns && ns.Annotations.TryGetValue(OrreryNames.VirtualSitesAnnotation, out string? ofNamespace))
        {
            narrowings.Add(ofNamespace);
        }

        if (source.Annotations.TryGetValue(OrreryNames.VirtualSitesAnnotation, out string? ofObject))
        {
            narrowings.Add(ofObject);
        }

        return PlacementResolver.Resolve(owner.Placement, owner.Tenant, fleet.Current, narrowings);
    }

    private Dictionary<string, KubeObject> Existing(SourceKey key)
    {
        var existing = new Dictionary<string, KubeObject>(StringComparer.Ordinal);
        foreach (KubeObject work in works.Of(key))
        {
            existing[WorkDirectory.DataPlaneOf(work)] = work;
        }

        return existing;
    }

    /// <summary>A cordoned data plane keeps what it has and takes nothing new.</summary>
    private static List<DataPlane> Targets(Resolution resolution, IReadOnlyDictionary<string, KubeObject> existing)
    {
        List<DataPlane> targets = [.. resolution.DataPlanes.Where(d => !d.Cordoned || (existing.GetValueOrDefault(d.Name) is { } work && Withdrawal.Of(work) is null))];
        targets.AddRange(resolution.Kept.Where(d => existing.GetValueOrDefault(d.Name) is { } work && Withdrawal.Of(work) is null && !targets.Exists(t => t.Name == d.Name)));
        return targets;
    }
}
