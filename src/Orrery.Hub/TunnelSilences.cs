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

    /// <summary>By data plane, the longest that may stand in a record of what its satellite speaks instead of what this server does.</summary>
    private readonly ConcurrentDictionary<string, string> otherwise = new(StringComparer.Ordinal);

    private const int LongestName = 100;

    /// <summary>A satellite wants a tunnel of another kind than any that this server has.</summary>
    /// <param name="speaks">Subprotocols that it offers.</param>
    public void Refused(string dataPlane, string speaks) => otherwise[dataPlane] = speaks.Length > LongestName ? speaks[..LongestName] : speaks;

    /// <summary>One of its tunnels stands.</summary>
    public void Opened(string dataPlane) => otherwise.TryRemove(dataPlane, out _);

    /// <returns>Null for one whose tunnels are of this server's kind, as far as it knows.</returns>
    public string? Otherwise(string dataPlane) => otherwise.GetValueOrDefault(dataPlane);

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
