using Microsoft.Extensions.Logging;

namespace Orrery.Server.Encryption;

/// <summary>Event ids 2300-2399. Neither values nor keys stand in a message.</summary>
internal static partial class Log
{
    [LoggerMessage(2300, LogLevel.Information, "{Count} stored values were written again as the encryption configuration now says; former keys can be dropped")]
    public static partial void Rewritten(this ILogger log, int count);

    [LoggerMessage(2301, LogLevel.Warning, "stored values could not be written again as the encryption configuration says; tried again in {Seconds} s")]
    public static partial void RewriteFailed(this ILogger log, Exception fault, int seconds);

    [LoggerMessage(2302, LogLevel.Warning, "the value at {Key} could not be read, and stays as it is stored: {Problem}")]
    public static partial void NotRewritten(this ILogger log, string key, string problem);

    [LoggerMessage(2303, LogLevel.Warning, "{Count} stored values were written again as the encryption configuration now says, {Unread} could not be read: keep the keys that made them")]
    public static partial void RewrittenBut(this ILogger log, int count, int unread);
}
