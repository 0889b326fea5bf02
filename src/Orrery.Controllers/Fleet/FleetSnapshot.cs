using System.Collections.Immutable;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Fleet;

/// <summary>The data planes and virtual sites as they were at one moment. Immutable; a change makes a new one cheaply.</summary>
internal sealed record FleetSnapshot(ImmutableSortedDictionary<string, DataPlane> ByName, ImmutableDictionary<string, VirtualSite> Sites)
{
    public static readonly FleetSnapshot Empty = new(
        ImmutableSortedDictionary.Create<string, DataPlane>(StringComparer.Ordinal), ImmutableDictionary.Create<string, VirtualSite>(StringComparer.Ordinal));

    /// <summary>Sorted by name.</summary>
    public IEnumerable<DataPlane> DataPlanes => ByName.Values;

    public DataPlane? DataPlane(string name) => ByName.GetValueOrDefault(name);

    public VirtualSite? Site(string name) => Sites.GetValueOrDefault(name);

    /// <summary>Data planes of a site, sorted by name; none when there is no such site.</summary>
    public IEnumerable<DataPlane> Members(string site) => Sites.TryGetValue(site, out VirtualSite? found) ? DataPlanes.Where(found.Selects) : [];
}
