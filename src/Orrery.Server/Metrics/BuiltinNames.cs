using System.Collections.Frozen;
using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.Metrics;

/// <summary>Resources whose names no tenant made up, so that they may be labels.</summary>
internal static class BuiltinNames
{
    private static readonly FrozenSet<GroupResource> Names = BuiltinResources.Instance.All.Select(d => d.GroupResource).ToFrozenSet();

    public static bool Has(GroupResource resource) => Names.Contains(resource);
}
