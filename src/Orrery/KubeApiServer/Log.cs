using Microsoft.Extensions.Logging;

namespace Orrery.KubeApiServer;

internal static partial class Log
{
    [LoggerMessage(EventId = 9001, Level = LogLevel.Warning, Message = "these flags change nothing here: {Flags}")]
    public static partial void WithoutEffect(this ILogger log, string flags);
}
