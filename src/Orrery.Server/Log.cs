using Microsoft.Extensions.Logging;

namespace Orrery.Server;

internal static partial class Log
{
    [LoggerMessage(EventId = 1000, Level = LogLevel.Error, Message = "{Method} {Path} failed unexpectedly")]
    public static partial void RequestFailed(this ILogger log, Exception fault, string method, string path);

    [LoggerMessage(EventId = 1001, Level = LogLevel.Information, Message = "serving on {Url}")]
    public static partial void Serving(this ILogger log, Uri url);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Error, Message = "a connection could not be looked at; the others are")]
    public static partial void ConnectionNotLookedAt(this ILogger log, Exception fault);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Information, Message = "connections that wait keep more memory than they need: {What} of this build of the framework cannot be asked to let go of it")]
    public static partial void IdleMemoryKept(this ILogger log, string what);

    [LoggerMessage(EventId = 1004, Level = LogLevel.Error, Message = "a connection is turned away: the system cannot watch one more")]
    public static partial void ConnectionNotWatched(this ILogger log, Exception fault);

    [LoggerMessage(EventId = 1005, Level = LogLevel.Warning, Message = "connections wait: the process has as many files open as it may")]
    public static partial void ConnectionNotAccepted(this ILogger log, Exception fault);

    [LoggerMessage(EventId = 1006, Level = LogLevel.Information, Message = "connections that wait cost more than they need: this build of the framework passes by all of them every second")]
    public static partial void ConnectionsPassedBy(this ILogger log);

    [LoggerMessage(EventId = 1007, Level = LogLevel.Information, Message = "heartbeats cost more than they need: this build of the framework cannot be told where to go on with what has come in")]
    public static partial void HeardInThePool(this ILogger log);

    /// <summary>The store's refusals are known ones, and come by the thousand while a disk is full: a line each and no trace.</summary>
    [LoggerMessage(EventId = 1008, Level = LogLevel.Error, Message = "{Method} {Path} failed: {Fault}")]
    public static partial void StoreFailed(this ILogger log, string method, string path, string fault);
}
