using Microsoft.Extensions.Logging;

namespace Orrery.Server.Audit;

/// <summary>Event ids 2400-2499.</summary>
internal static partial class Log
{
    [LoggerMessage(2401, LogLevel.Error, "the audit file {Path} could not be put aside, and grows on")]
    public static partial void RotationFailed(this ILogger log, Exception fault, string path);

    [LoggerMessage(2400, LogLevel.Error, "audit events could not be written to {Path}")]
    public static partial void WriteFailed(this ILogger log, Exception fault, string path);
}
