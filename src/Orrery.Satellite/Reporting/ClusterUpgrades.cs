using Microsoft.Extensions.Logging;

namespace Orrery.Satellite.Reporting;

/// <summary>Whether the cluster is of another version than before: what that serves and takes is another, so what was refused is worth another try.</summary>
internal sealed class ClusterUpgrades(SatelliteContext context, ILogger logger)
{
    /// <summary>While several servers are upgraded one after the other, each look may meet another.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMinutes(1);

    private (string Version, long At)? known;

    /// <param name="version">Null or empty where it does not tell.</param>
    public void Saw(string? version)
    {
        if (version is not { Length: > 0 } || (known is { } last && (last.Version == version || context.Time.GetElapsedTime(last.At) < Pace)))
        {
            return;
        }

        if (known is { } former)
        {
            Log.ClusterUpgraded(logger, former.Version, version);
            context.Resources.Forget();
            context.TellRecovered();
        }

        known = (version, context.Time.GetTimestamp());
    }
}
