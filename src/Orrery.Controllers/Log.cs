using Microsoft.Extensions.Logging;

namespace Orrery.Controllers;

internal static partial class Log
{
    [LoggerMessage(3001, LogLevel.Information, "Controllers started against {Server}")]
    public static partial void Started(ILogger logger, Uri server);

    [LoggerMessage(3002, LogLevel.Information, "Installed {Count} custom resource definitions")]
    public static partial void DefinitionsInstalled(ILogger logger, int count);

    [LoggerMessage(3003, LogLevel.Debug, "Placement of {Source}: work written for data plane {DataPlane}")]
    public static partial void WorkWritten(ILogger logger, string source, string dataPlane);

    [LoggerMessage(3004, LogLevel.Debug, "Placement of {Source}: work removed from data plane {DataPlane}")]
    public static partial void WorkDeleted(ILogger logger, string source, string dataPlane);

    [LoggerMessage(3012, LogLevel.Debug, "Placement of {Source}: withdrawn from data plane {DataPlane} ({Withdrawal})")]
    public static partial void WorkWithdrawn(ILogger logger, string source, string dataPlane, string withdrawal);

    [LoggerMessage(3013, LogLevel.Information, "Data plane {DataPlane} is asked to purge namespace {Namespace}: {Reason}")]
    public static partial void PurgeRequested(ILogger logger, string dataPlane, string @namespace, string reason);

    [LoggerMessage(3005, LogLevel.Warning, "Data plane {DataPlane} is not ready ({Ready}): {Message}")]
    public static partial void NotReady(ILogger logger, string dataPlane, string ready, string message);

    [LoggerMessage(3011, LogLevel.Information, "Data plane {DataPlane} is ready: {Message}")]
    public static partial void IsReady(ILogger logger, string dataPlane, string message);

    [LoggerMessage(3006, LogLevel.Information, "Virtual cluster {Cluster} of tenant {Tenant} is served at {Endpoint}")]
    public static partial void VirtualClusterServed(ILogger logger, string cluster, string tenant, string endpoint);

    [LoggerMessage(3007, LogLevel.Information, "Virtual cluster {Cluster} is purged")]
    public static partial void VirtualClusterPurged(ILogger logger, string cluster);

    [LoggerMessage(3008, LogLevel.Debug, "Observation {Observation} of data plane {DataPlane} speaks of virtual cluster {Cluster}, which does not run there; ignored")]
    public static partial void ForeignObservation(ILogger logger, string observation, string dataPlane, string cluster);

    [LoggerMessage(3009, LogLevel.Debug, "Status of {Source} written")]
    public static partial void StatusWritten(ILogger logger, string source);

    [LoggerMessage(3010, LogLevel.Warning, "Custom resource definitions could not be installed, trying again: {Fault}")]
    public static partial void InstallFailed(ILogger logger, string fault);

    [LoggerMessage(3020, LogLevel.Information, "Data plane {DataPlane}: certificate request {Request} of {Requester} approved ({Reason})")]
    public static partial void JoinApproved(ILogger logger, string dataPlane, string request, string requester, string reason);

    [LoggerMessage(3021, LogLevel.Warning, "Data plane {DataPlane}: certificate request {Request} of {Requester} waits for an operator")]
    public static partial void JoinWaits(ILogger logger, string dataPlane, string request, string requester);

    [LoggerMessage(3022, LogLevel.Warning, "Data plane {DataPlane}: certificate request {Request} of {Requester} refused ({Reason}): {Message}")]
    public static partial void JoinRefused(ILogger logger, string dataPlane, string request, string requester, string reason, string message);

    [LoggerMessage(3023, LogLevel.Information, "Invitation {Namespace}/{Name} has ended, {Use}")]
    public static partial void InvitationEnded(ILogger logger, string @namespace, string name, string use);

    [LoggerMessage(3024, LogLevel.Warning, "Data plane {DataPlane}: its satellite's certificate was revoked")]
    public static partial void SatelliteRevoked(ILogger logger, string dataPlane);

    [LoggerMessage(3025, LogLevel.Debug, "Pod {Cluster} {Namespace}/{Name} goes: controllers of its data planes took it and have deleted it")]
    public static partial void TakenPodGone(ILogger logger, string cluster, string @namespace, string name);

    [LoggerMessage(3040, LogLevel.Warning, "What is always to be in the root cluster could not be written, trying again: {Fault}")]
    public static partial void NotKept(ILogger logger, string fault);

    [LoggerMessage(3041, LogLevel.Warning, "Usage of tenant {Tenant} could not be written, the next sample stands for it: {Fault}")]
    public static partial void NotSampled(ILogger logger, string tenant, string fault);
}
