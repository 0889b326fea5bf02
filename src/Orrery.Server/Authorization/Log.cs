using Microsoft.Extensions.Logging;

namespace Orrery.Server.Authorization;

/// <summary>Event ids 2200-2299.</summary>
internal static partial class Log
{
    [LoggerMessage(2200, LogLevel.Information, "ClusterRole {Role} of cluster '{Cluster}' gathers {Count} rules")]
    public static partial void Aggregated(this ILogger log, string role, string cluster, int count);

    [LoggerMessage(2202, LogLevel.Error, "authorization webhook {Webhook} could not be asked: {Problem}")]
    public static partial void WebhookNotAsked(this ILogger log, string webhook, string problem);

    [LoggerMessage(2201, LogLevel.Warning, "ClusterRole {Role} of cluster '{Cluster}' could not be written; it is tried again at the next look")]
    public static partial void AggregationFailed(this ILogger log, Exception fault, string role, string cluster);
}
