using Microsoft.Extensions.Logging;

namespace Orrery.Server.Cache;

internal static partial class Log
{
    [LoggerMessage(1101, LogLevel.Information, "read {Objects} objects of {Resources} resources at revision {Revision} in {Milliseconds} ms")]
    public static partial void Loaded(this ILogger logger, int objects, int resources, long revision, long milliseconds);

    [LoggerMessage(1102, LogLevel.Error, "the stored object {Key} at revision {Revision} cannot be read and is not served")]
    public static partial void Unreadable(this ILogger logger, string key, long revision, Exception fault);

    [LoggerMessage(1103, LogLevel.Error, "following the store failed at revision {Revision}; trying again")]
    public static partial void FollowFailed(this ILogger logger, long revision, Exception fault);
}
