using System.Collections.Concurrent;

namespace Orrery.Hub;

/// <summary>
/// Notices satellites that open tunnels and say nothing in them, one after the other: such a one is so much older or newer than this server that it does not beat as this server hears it, or something on
/// the way swallows what it says. It is told apart from one that is away, as there is something to be done about it here.
/// </summary>
internal sealed class TunnelSilences
{
    /// <summary>So many in a row are no accident.</summary>
    public const int Many = 3;

    private readonly ConcurrentDictionary<string, int> inARow = new(StringComparer.Ordinal);

    public void Ended(Tunnel tunnel)
    {
        if (tunnel.HasBeaten)
        {
            inARow.TryRemove(tunnel.DataPlane, out _);
        }
        else if (tunnel.IsGivenUp)
        {
            inARow.AddOrUpdate(tunnel.DataPlane, 1, (_, count) => count + 1);
        }
    }

    public bool AreMany(string dataPlane) => inARow.TryGetValue(dataPlane, out int count) && count >= Many;
}
