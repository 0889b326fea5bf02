using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Fleet;

/// <summary>Keeps the present <see cref="FleetSnapshot"/> and tells when what placement or status look at has changed.</summary>
internal sealed class FleetDirectory
{
    private volatile FleetSnapshot current = FleetSnapshot.Empty;

    public FleetDirectory(Informer dataPlanes, Informer sites)
    {
        Needs = [dataPlanes, sites];
        dataPlanes.Subscribe(OnDataPlane);
        sites.Subscribe(OnSite);
    }

    /// <summary>Where something may run has changed: labels, access, a site, a data plane come or gone.</summary>
    public event Action? PlacementChanged;

    /// <summary>Whether a data plane reports, or since when not, has changed; with its name.</summary>
    public event Action<string>? ReadinessChanged;

    public IReadOnlyList<Informer> Needs { get; }

    public FleetSnapshot Current => current;

    // Each informer calls its handlers one after the other; the two informers may call at the same time.
    private readonly Lock gate = new();

    private void OnDataPlane(InformerChange change)
    {
        DataPlane? before;
        DataPlane? after = change.Current is null ? null : DataPlane.From(change.Current);
        lock (gate)
        {
            before = current.DataPlane(change.Key.Name);
            current = current with
            {
                ByName = after is null ? current.ByName.Remove(change.Key.Name) : current.ByName.SetItem(after.Name, after),
            };
        }

        if (before is null || after is null || !after.PlacesLike(before))
        {
            PlacementChanged?.Invoke();
        }

        if (before?.Ready != after?.Ready || before?.ReadyMessage != after?.ReadyMessage)
        {
            ReadinessChanged?.Invoke(change.Key.Name);
        }
    }

    private void OnSite(InformerChange change)
    {
        lock (gate)
        {
            current = current with
            {
                Sites = change.Current is { } site ? current.Sites.SetItem(site.Name, VirtualSite.From(site)) : current.Sites.Remove(change.Key.Name),
            };
        }

        PlacementChanged?.Invoke();
    }
}
