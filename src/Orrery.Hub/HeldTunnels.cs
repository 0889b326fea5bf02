namespace Orrery.Hub;

/// <summary>All tunnels that end at a server, by data plane: for a while one has two, when its satellite has renewed its certificate.</summary>
internal sealed class HeldTunnels
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Tunnel[]> tunnels = new(StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>As they are now, in no particular order.</summary>
    public Tunnel[] All
    {
        get
        {
            lock (gate)
            {
                return [.. tunnels.Values.SelectMany(t => t)];
            }
        }
    }

    /// <summary>Those of one data plane, the oldest first.</summary>
    public Tunnel[] Of(string dataPlane)
    {
        lock (gate)
        {
            return tunnels.GetValueOrDefault(dataPlane, []);
        }
    }

    public void Add(Tunnel tunnel)
    {
        lock (gate)
        {
            tunnels[tunnel.DataPlane] = [.. tunnels.GetValueOrDefault(tunnel.DataPlane, []), tunnel];
            Count++;
        }
    }

    /// <summary>Does nothing when it is not there any more.</summary>
    public void Remove(Tunnel tunnel)
    {
        lock (gate)
        {
            if (!tunnels.TryGetValue(tunnel.DataPlane, out Tunnel[]? of) || Array.IndexOf(of, tunnel) < 0)
            {
                return;
            }

            Count--;
            if (of.Length == 1)
            {
                tunnels.Remove(tunnel.DataPlane);
            }
            else
            {
                tunnels[tunnel.DataPlane] = [.. of.Where(t => t != tunnel)];
            }
        }
    }
}
