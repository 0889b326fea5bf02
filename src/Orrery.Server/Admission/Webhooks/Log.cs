using Microsoft.Extensions.Logging;

namespace Orrery.Server.Admission.Webhooks;

internal static partial class Log
{
    [LoggerMessage(EventId = 1700, Level = LogLevel.Information, Message = "webhook {Webhook} of cluster '{Cluster}' could not be asked (the request passes: {FailsOpen}): {Why}")]
    public static partial void Failed(this ILogger logger, string webhook, string cluster, bool failsOpen, string why);
}
