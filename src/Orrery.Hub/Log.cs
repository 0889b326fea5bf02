using Microsoft.Extensions.Logging;

namespace Orrery.Hub;

internal static partial class Log
{
    [LoggerMessage(6001, LogLevel.Information, "Data plane {DataPlane}: tunnel open from {Remote}")]
    public static partial void TunnelOpen(ILogger logger, string dataPlane, string remote);

    [LoggerMessage(6002, LogLevel.Information, "Data plane {DataPlane}: tunnel closed: {Reason}")]
    public static partial void TunnelClosed(ILogger logger, string dataPlane, string reason);

    [LoggerMessage(6003, LogLevel.Warning, "Data plane {DataPlane}: a tunnel from {Remote} takes the place of one that was still open")]
    public static partial void TunnelReplaced(ILogger logger, string dataPlane, string remote);

    [LoggerMessage(6004, LogLevel.Information, "Data plane {DataPlane}: a request through its tunnel failed: {Fault}")]
    public static partial void RequestFailed(ILogger logger, string dataPlane, string fault);

    [LoggerMessage(6005, LogLevel.Information, "Data plane {DataPlane}: its satellite is connected to server {Server} now; the tunnel here is given up")]
    public static partial void TunnelMoved(ILogger logger, string dataPlane, string server);

    [LoggerMessage(6007, LogLevel.Warning, "Data plane {DataPlane}: whether its tunnel may stay could not be looked up: {Fault}")]
    public static partial void NotLookedUp(ILogger logger, string dataPlane, string fault);

    [LoggerMessage(6008, LogLevel.Information, "Data plane {DataPlane}: its satellite opened a tunnel with a newer certificate; what goes through the former ends there")]
    public static partial void TunnelRenewed(ILogger logger, string dataPlane);

    [LoggerMessage(6009, LogLevel.Warning, "Data plane {DataPlane}: another satellite with its Secret, from {Remote}, is refused, as one is connected {Where}")]
    public static partial void SecondRefused(ILogger logger, string dataPlane, string remote, string where);

    [LoggerMessage(6006, LogLevel.Warning, "This server could not say that it lives: {Fault}")]
    public static partial void NotRegistered(ILogger logger, string fault);
}
