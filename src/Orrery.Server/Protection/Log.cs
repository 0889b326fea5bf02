using Microsoft.Extensions.Logging;

namespace Orrery.Server.Protection;

/// <summary>Event ids 2500-2599.</summary>
internal static partial class Log
{
    [LoggerMessage(2500, LogLevel.Information, "{Method} {Path} is cut off: its client has taken nothing of the answer for {Seconds} s")]
    public static partial void ClientStalled(this ILogger log, string method, string path, double seconds);
}
