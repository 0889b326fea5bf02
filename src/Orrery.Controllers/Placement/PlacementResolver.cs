using Orrery.Api.Kinds;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Placement;

/// <summary>What a placement comes to.</summary>
/// <param name="DataPlanes">Where the object is to run, sorted by name. A cordoned one is among them: whether it takes the object depends on whether the object is there already.</param>
/// <param name="Kept">
/// Where the object stays if it runs there already. A name that nobody knows (a slip of the pen, a site about to be made) must not
/// take down what runs, so while one is among the names nothing leaves.
/// </param>
/// <param name="Unknown">Names of virtual sites and data planes that do not exist, as <c>virtual site "x"</c>.</param>
internal sealed record Resolution(IReadOnlyList<DataPlane> DataPlanes, IReadOnlyList<DataPlane> Kept, IReadOnlyList<string> Unknown)
{
    public static readonly Resolution Nowhere = new([], [], []);
}

/// <summary>Maps a placement to data planes. Pure.</summary>
internal static class PlacementResolver
{
    /// <summary>For what this control plane runs itself: nothing of that goes where a tenant's own controllers are.</summary>
    /// <param name="narrowings">
    /// Values of the virtual-sites annotation, on the namespace and on the object. Each keeps only the data planes of the sites that it names.
    /// </param>
    public static Resolution Resolve(Api.Kinds.Placement placement, Tenant tenant, FleetSnapshot fleet, IEnumerable<string> narrowings) =>
        Resolve(placement, d => tenant.MayRunOn(d) && !d.HasOwnControllers, fleet, narrowings);

    /// <param name="admits">Which data planes may be taken at all.</param>
    /// <inheritdoc cref="Resolve(Api.Kinds.Placement, Tenant, FleetSnapshot, IEnumerable{string})"/>
    public static Resolution Resolve(Api.Kinds.Placement placement, Func<DataPlane, bool> admits, FleetSnapshot fleet, IEnumerable<string> narrowings)
    {
        var unknown = new SortedSet<string>(StringComparer.Ordinal);

        // 1. What sites, names and selector add up to.
        var chosen = new Dictionary<string, DataPlane>(StringComparer.Ordinal);
        foreach (string name in placement.DataPlanes)
        {
            if (fleet.DataPlane(name) is { } found)
            {
                chosen[name] = found;
            }
            else
            {
                unknown.Add($"data plane \"{name}\"");
            }
        }

        foreach (DataPlane member in InSites(placement.VirtualSites, fleet, unknown))
        {
            chosen[member.Name] = member;
        }

        if (placement.Selector is { } selector)
        {
            foreach (DataPlane member in fleet.DataPlanes.Where(d => selector.Matches(d.Labels)))
            {
                chosen[member.Name] = member;
            }
        }

        // 2. Only where the tenant may run, and not where everything is about to leave.
        List<DataPlane> admitted = [.. chosen.Values.Where(d => !d.Deleting && admits(d)).OrderBy(d => d.Name, StringComparer.Ordinal)];

        // 3. Each annotation narrows further.
        List<DataPlane> wanted = admitted;
        bool unsure = unknown.Count > 0;
        foreach (string annotation in narrowings)
        {
            var members = new HashSet<string>(StringComparer.Ordinal);
            int before = unknown.Count;
            foreach (DataPlane member in InSites(annotation.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), fleet, unknown))
            {
                members.Add(member.Name);
            }

            unsure |= unknown.Count > before;
            wanted = [.. wanted.Where(d => members.Contains(d.Name))];
        }

        // 4. What is drained keeps only what has nowhere else to go.
        if (wanted.Exists(d => d.Drained) && wanted.Exists(d => !d.Cordoned))
        {
            wanted = [.. wanted.Where(d => !d.Drained)];
        }

        IReadOnlyList<DataPlane> kept = unsure ? [.. fleet.DataPlanes.Where(d => !d.Deleting && admits(d))] : [];
        return new Resolution(wanted, kept, [.. unknown]);
    }

    private static IEnumerable<DataPlane> InSites(IEnumerable<string> sites, FleetSnapshot fleet, SortedSet<string> unknown)
    {
        foreach (string site in sites)
        {
            if (fleet.Site(site) is null)
            {
                unknown.Add($"virtual site \"{site}\"");
                continue;
            }

            foreach (DataPlane member in fleet.Members(site))
            {
                yield return member;
            }
        }
    }
}
