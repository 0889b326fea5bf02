using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Client;
using Orrery.Satellite.Observing;
using Orrery.Satellite.Policy;
using Orrery.Satellite.Recording;
using Orrery.Satellite.Tunnel;

namespace Orrery.Satellite.Tests;

/// <summary>What a satellite works in, without the loops that fill it.</summary>
internal static class SatelliteContexts
{
    /// <param name="api">Control plane and cluster in one.</param>
    public static SatelliteContext Of(KubeClient api, SatelliteOptions options)
    {
        var history = new ServerHistory();
        return new SatelliteContext(
            options, api, api, new PolicyWatch(api, options, history), new RecordKeeper(api, TimeProvider.System, NullLogger.Instance), history, new Standing(NullLogger.Instance));
    }
}
