using Microsoft.Extensions.Logging;

namespace Orrery.Server;

internal static partial class Log
{
    [LoggerMessage(EventId = 1000, Level = LogLevel.Error, Message = "{Method} {Path} failed unexpectedly")]
    public static partial void RequestFailed(this ILogger log, Exception fault, string method, string path);

    [LoggerMessage(EventId = 1001, Level = LogLevel.Information, Message = "serving on {Url}")]
    public static partial void Serving(this ILogger log, Uri url);
}
