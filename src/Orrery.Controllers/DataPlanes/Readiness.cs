using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.DataPlanes;

/// <summary>What the Ready condition of a data plane says, and when to look again if nothing is heard.</summary>
/// <param name="LookAgain">Null when nothing changes by itself, or when it is told that it does.</param>
internal readonly record struct Readiness(string Status, string Reason, string Message, TimeSpan? LookAgain)
{
    private const string Silent = "SatelliteSilent";

    /// <param name="speaks">What its satellite speaks that is not let in for it; null for any other.</param>
    public static Readiness Of(KubeObject dataPlane, Heartbeat? heartbeat, DateTimeOffset now, string? speaks = null)
    {
        if (speaks is not null)
        {
            return new Readiness(
                Conditions.Unknown, "SatelliteNewer",
                $"its satellite wants a tunnel that speaks {speaks}, and this control plane speaks {OrreryNames.TunnelProtocol}: the satellite is newer; upgrade the control plane, or give the satellite this version "
                    + $"('orrery data-plane token {dataPlane.Name}' prints its manifest)",
                null);
        }

        if (heartbeat is not { } last)
        {
            return new Readiness(Conditions.Unknown, "NeverJoined", "its satellite was never heard", null);
        }

        if (last.IsUnheard && last.VouchedUntil <= now)
        {
            return new Readiness(
                Conditions.Unknown, "SatelliteUnheard",
                $"its satellite opens tunnels and says nothing in them, since {Conditions.Time(last.Heard)}: most likely it runs another version than the control plane, and wants this one "
                    + $"('orrery data-plane token {dataPlane.Name}' prints its manifest); or something on the way passes nothing on",
                null);
        }

        // That nobody could hear it for a while is a reason to wait for one that was there, and none to call one back that was called silent.
        if (last.VouchedUntil <= now && Conditions.Find(dataPlane, OrreryNames.ReadyCondition) is { Status: Conditions.Unknown, Reason: Silent } silent)
        {
            return new Readiness(silent.Status, silent.Reason, silent.Message, null);
        }

        if (last.ExpiresAt <= now)
        {
            return new Readiness(Conditions.Unknown, Silent, $"its satellite was not heard since {Conditions.Time(last.Heard)}", null);
        }

        TimeSpan? left = last.EndIsTold ? null : last.ExpiresAt - now;
        return Conditions.Find(dataPlane, OrreryNames.DegradedCondition) is { Status: Conditions.True } degraded
            ? new Readiness(Conditions.False, degraded.Reason, degraded.Message, left)
            : new Readiness(Conditions.True, "SatelliteReady", "its satellite reports", left);
    }
}
