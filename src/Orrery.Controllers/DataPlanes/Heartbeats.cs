using System.Collections.Concurrent;
using System.Globalization;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.DataPlanes;

/// <summary>The last sign of life of one satellite.</summary>
/// <param name="Heard">By this process's clock: a satellite's own may be wrong.</param>
/// <param name="Lasts">For how long it vouches.</param>
internal readonly record struct Heartbeat(string RenewTime, DateTimeOffset Heard, TimeSpan Lasts)
{
    public DateTimeOffset ExpiresAt => Heard + Lasts;
}

/// <summary>When each satellite was last heard, from its Lease.</summary>
internal sealed class Heartbeats
{
    private static readonly TimeSpan UsualDuration = TimeSpan.FromSeconds(40);

    private readonly ConcurrentDictionary<string, Heartbeat> heard = new(StringComparer.Ordinal);
    private readonly TimeProvider time;

    /// <param name="leases">Only those by the name of <see cref="OrreryNames.SatelliteLease"/>.</param>
    public Heartbeats(Informer leases, TimeProvider time)
    {
        this.time = time;
        leases.Subscribe(OnLease);
    }

    public Heartbeat? Of(string dataPlane) => heard.TryGetValue(dataPlane, out Heartbeat last) ? last : null;

    /// <summary>
    /// A renewal seen to happen counts from now. The first look at a lease cannot tell when it was renewed but by what it says, which is
    /// believed only as far as it lies in the past.
    /// </summary>
    internal static Heartbeat? Next(Heartbeat? last, KubeObject lease, DateTimeOffset now)
    {
        if (lease.TextAt("spec", "renewTime") is not { } renewed
            || !DateTimeOffset.TryParse(renewed, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset said))
        {
            return last;
        }

        TimeSpan lasts = lease.NumberAt("spec", "leaseDurationSeconds") is > 0 and long seconds ? TimeSpan.FromSeconds(seconds) : UsualDuration;
        return last is { } known && known.RenewTime == renewed ? known with { Lasts = lasts }
            : new Heartbeat(renewed, last is null && said < now ? said : now, lasts);
    }

    private void OnLease(InformerChange change)
    {
        if (!change.Key.Namespace.StartsWith(OrreryNames.DataPlaneNamespacePrefix, StringComparison.Ordinal))
        {
            return;
        }

        string dataPlane = change.Key.Namespace[OrreryNames.DataPlaneNamespacePrefix.Length..];
        Heartbeat? last = Of(dataPlane);
        if (change.Current is { } lease && Next(last, lease, time.GetUtcNow()) is { } next)
        {
            heard[dataPlane] = next;
        }
        else
        {
            heard.TryRemove(dataPlane, out _);
        }
    }
}
