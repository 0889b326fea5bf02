using Microsoft.Extensions.Logging;

namespace Orrery.Server.Cache;

internal static partial class Log
{
    [LoggerMessage(1101, LogLevel.Information, "hold {Objects} objects of {Resources} resources at revision {Revision}, changes since {KnownSince}, after {Milliseconds} ms")]
    public static partial void Loaded(this ILogger logger, int objects, int resources, long revision, long knownSince, long milliseconds);

    [LoggerMessage(1102, LogLevel.Error, "the stored object {Key} at revision {Revision} cannot be read and is not served")]
    public static partial void Unreadable(this ILogger logger, string key, long revision, Exception fault);

    [LoggerMessage(1103, LogLevel.Error, "the store cannot be followed beyond revision {Revision}; trying again until it can: {Reason}")]
    public static partial void StoreAway(this ILogger logger, long revision, string reason);

    [LoggerMessage(1105, LogLevel.Information, "the store can be followed again, at revision {Revision}")]
    public static partial void StoreBack(this ILogger logger, long revision);

    [LoggerMessage(1106, LogLevel.Error, "what the store holds after revision {Revision} could not be taken in; reading it anew")]
    public static partial void FollowFailed(this ILogger logger, long revision, Exception fault);

    [LoggerMessage(1107, LogLevel.Error, "what the store holds does not follow from revision {Revision}: {Reason}. It is read anew, watches end, and data planes keep what it does not know of until that is confirmed")]
    public static partial void Replaced(this ILogger logger, long revision, string reason);

    [LoggerMessage(1104, LogLevel.Warning, "the store no longer has the changes after revision {Revision}; reading it anew")]
    public static partial void FellBehind(this ILogger logger, long revision);
}
