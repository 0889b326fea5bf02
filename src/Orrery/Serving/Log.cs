using Microsoft.Extensions.Logging;

namespace Orrery.Serving;

internal static partial class Log
{
    [LoggerMessage(EventId = 9002, Level = LogLevel.Warning, Message = "the store is waited for, for a minute: {Reason}")]
    public static partial void StoreWaits(this ILogger log, string reason);
}
