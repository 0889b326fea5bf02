using Microsoft.Extensions.Logging;

namespace Orrery.Client;

internal static partial class RuntimeLog
{
    [LoggerMessage(2011, LogLevel.Debug, "{Reconciler}: {Key}: conflict, trying again")]
    public static partial void Conflict(ILogger logger, string reconciler, string key);

    [LoggerMessage(2012, LogLevel.Information, "{Reconciler}: no connection, trying again with {Key} and all others: {Reason}")]
    public static partial void Unreachable(ILogger logger, string reconciler, string key, string reason);

    [LoggerMessage(2013, LogLevel.Warning, "{Reconciler}: {Key}: failed {Times} times, trying again: {Reason}")]
    public static partial void Failed(ILogger logger, string reconciler, string key, int times, string reason);

    [LoggerMessage(2014, LogLevel.Warning, "{Reconciler}: {Key}: not tried again until it changes: {Reason}")]
    public static partial void Terminal(ILogger logger, string reconciler, string key, string reason);

    [LoggerMessage(2015, LogLevel.Error, "{Reconciler}: {Key}: a bug, trying again")]
    public static partial void Bug(ILogger logger, string reconciler, string key, Exception exception);

    [LoggerMessage(2016, LogLevel.Warning, "Event {Reason} about {About} was not written: {Fault}")]
    public static partial void EventLost(ILogger logger, string reason, string about, string fault);
}
