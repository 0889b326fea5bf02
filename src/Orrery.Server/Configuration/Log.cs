using Microsoft.Extensions.Logging;

namespace Orrery.Server.Configuration;

/// <summary>Event ids 2107 and 2108, which those of <see cref="Authentication"/> leave out.</summary>
internal static partial class Log
{
    [LoggerMessage(2107, LogLevel.Information, "{Path} has changed: what it says counts from now on")]
    public static partial void Reloaded(this ILogger log, string path);

    [LoggerMessage(2108, LogLevel.Error, "{Path} has changed and makes no sense; what it said before still counts: {Problem}")]
    public static partial void NotReloaded(this ILogger log, string path, string problem);
}
