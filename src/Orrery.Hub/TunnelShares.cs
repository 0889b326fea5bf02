namespace Orrery.Hub;

/// <summary>
/// How many requests of one tenant go through one tunnel at a time. A tunnel takes a thousand together, and followed logs and streams last for days: one tenant's would leave no room for anybody else's.
/// </summary>
internal sealed class TunnelShares
{
    /// <summary>More than tools follow at once; five tenants that take all of theirs fill a tunnel.</summary>
    public const int Most = 200;

    private readonly Lock gate = new();
    private readonly Dictionary<(string DataPlane, string Tenant), int> taken = [];

    /// <param name="tenant">Namespace of root in which the virtual cluster stands.</param>
    /// <returns>False when it has its share; otherwise <see cref="Leave"/> gives back what was taken.</returns>
    public bool TryEnter(string dataPlane, string tenant)
    {
        lock (gate)
        {
            int now = taken.GetValueOrDefault((dataPlane, tenant));
            if (now >= Most)
            {
                return false;
            }

            taken[(dataPlane, tenant)] = now + 1;
            return true;
        }
    }

    public void Leave(string dataPlane, string tenant)
    {
        lock (gate)
        {
            if (--taken[(dataPlane, tenant)] == 0)
            {
                taken.Remove((dataPlane, tenant));
            }
        }
    }
}
