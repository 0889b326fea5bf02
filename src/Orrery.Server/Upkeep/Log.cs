using Microsoft.Extensions.Logging;

namespace Orrery.Server.Upkeep;

internal static partial class Log
{
    [LoggerMessage(EventId = 1400, Level = LogLevel.Warning, Message = "upkeep of {Key} failed and is tried again")]
    public static partial void LookFailed(this ILogger log, Exception fault, string key);

    [LoggerMessage(EventId = 1401, Level = LogLevel.Error, Message = "upkeep ended unexpectedly")]
    public static partial void Ended(this ILogger log, Exception fault);

    [LoggerMessage(EventId = 1403, Level = LogLevel.Information, Message = "{Resource} {Name} of cluster '{Cluster}' has again what every cluster's has")]
    public static partial void RoleReconciled(this ILogger log, string resource, string name, string cluster);

    [LoggerMessage(EventId = 1404, Level = LogLevel.Warning, Message = "what owns what cannot be followed beyond revision {Revision} just now: {Reason}")]
    public static partial void FollowFailed(this ILogger log, long revision, string reason);

    [LoggerMessage(EventId = 1402, Level = LogLevel.Information, Message = "purged {Count} objects of cluster {Cluster}")]
    public static partial void Purged(this ILogger log, int count, string cluster);

    [LoggerMessage(EventId = 1404, Level = LogLevel.Warning, Message = "requests of tenant {Tenant} are not written down yet: {Reason}")]
    public static partial void ShareNotWritten(this ILogger log, string tenant, string reason);

    [LoggerMessage(EventId = 1405, Level = LogLevel.Warning, Message = "what this server reads or writes as it starts is tried again: {Reason}")]
    public static partial void StartWaits(this ILogger log, string reason);
}
