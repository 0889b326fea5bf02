using Microsoft.Extensions.Logging;
using Orrery.Api;

namespace Orrery.Client;

internal static partial class InformerLog
{
    [LoggerMessage(2001, LogLevel.Debug, "{Resource}: knows {Count} objects at {ResourceVersion}")]
    public static partial void Listed(ILogger logger, GroupVersionResource resource, int count, string resourceVersion);

    [LoggerMessage(2002, LogLevel.Information, "{Resource}: list failed, trying again in {Wait} ms: {Reason}")]
    public static partial void ListFailed(ILogger logger, GroupVersionResource resource, double wait, string reason);

    [LoggerMessage(2003, LogLevel.Information, "{Resource}: watch broke, resuming in {Wait} ms: {Reason}")]
    public static partial void WatchBroke(ILogger logger, GroupVersionResource resource, double wait, string reason);

    [LoggerMessage(2004, LogLevel.Information, "{Resource}: watch cannot go on from {ResourceVersion}, listing again: {Reason}")]
    public static partial void WatchExpired(ILogger logger, GroupVersionResource resource, string resourceVersion, string reason);

    [LoggerMessage(2006, LogLevel.Warning, "{Resource}: the server was at {Seen} and is at {Version}: it was put back to an earlier state, which is taken as it is")]
    public static partial void PutBack(ILogger logger, GroupVersionResource resource, long seen, long version);

    [LoggerMessage(2007, LogLevel.Information, "{Resource}: listing again, as the server was put back: what was followed until {ResourceVersion} may not have happened")]
    public static partial void HistoryEnded(ILogger logger, GroupVersionResource resource, string resourceVersion);

    [LoggerMessage(2005, LogLevel.Error, "{Resource}: a handler failed on {Key}")]
    public static partial void HandlerFailed(ILogger logger, GroupVersionResource resource, ObjectKey key, Exception exception);
}
