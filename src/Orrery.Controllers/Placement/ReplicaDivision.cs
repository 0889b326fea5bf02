namespace Orrery.Controllers.Placement;

/// <summary>Splits a number of replicas over data planes by weight. Pure and deterministic.</summary>
internal static class ReplicaDivision
{
    /// <summary>
    /// Shares by largest remainder; equal remainders go to the name that sorts first. The shares add up to <paramref name="replicas"/>
    /// unless every weight is zero, which gives every data plane none.
    /// </summary>
    /// <param name="weights">1 where a data plane is not named.</param>
    public static IReadOnlyDictionary<string, int> Divide(int replicas, IEnumerable<string> dataPlanes, IReadOnlyDictionary<string, int> weights)
    {
        List<(string Name, long Weight)> planes =
            [.. dataPlanes.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(n => (n, (long)weights.GetValueOrDefault(n, 1)))];
        long total = planes.Sum(p => p.Weight);
        var shares = planes.ToDictionary(p => p.Name, p => total == 0 ? 0 : (int)(replicas * p.Weight / total), StringComparer.Ordinal);
        if (total > 0)
        {
            int left = replicas - shares.Values.Sum();
            foreach ((string name, _) in planes.OrderByDescending(p => replicas * p.Weight % total).ThenBy(p => p.Name, StringComparer.Ordinal).Take(left))
            {
                shares[name]++;
            }
        }

        return shares;
    }
}
