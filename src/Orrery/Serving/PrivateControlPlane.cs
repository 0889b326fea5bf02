using System.Net;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Controllers;
using Orrery.Satellite;
using Orrery.Satellite.Private;
using Orrery.Telemetry;

namespace Orrery.Serving;

/// <summary>
/// Puts a tenant's own control plane together: the vendor's controllers with the tenant's cluster as root, the satellite of that same cluster, and what
/// fetches the tenant's objects. The first two need no vendor.
/// </summary>
internal static class PrivateControlPlane
{
    /// <summary>Runs until cancelled.</summary>
    /// <param name="chartFolder">Null keeps charts in memory alone.</param>
    /// <param name="listen">Where it tells of itself; null nowhere.</param>
    public static async Task RunAsync(PrivateOptions options, string? chartFolder, IPEndPoint? listen, CancellationToken cancellationToken)
    {
        using OtlpExport? export = OtlpExport.Start("orrery-private");
        using var metrics = new PrometheusText();
        var controllers = new OrreryControllers(new ControllersOptions
        {
            Api = options.Cluster, VirtualClusters = false, ChartFolder = chartFolder, Time = options.Time, Loggers = options.Loggers,
        });
        var satellite = new SatelliteAgent(new SatelliteOptions
        {
            DataPlane = options.DataPlane,
            ControlPlane = options.Cluster,
            Cluster = options.Cluster,
            Version = VersionCommand.Version,
            Time = options.Time,
            Loggers = options.Loggers,
        });
        var agent = new PrivateAgent(options);
        IEnumerable<Func<CancellationToken, Task>> loops = [controllers.RunAsync, satellite.RunAsync, agent.RunAsync];
        await Together.RunAsync(
            listen is null ? loops : loops.Append(token => TelemetryEndpoint.RunAsync(listen, () => controllers.Ready.IsCompletedSuccessfully, metrics, token)), cancellationToken).ConfigureAwait(false);
    }
}
