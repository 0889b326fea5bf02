using Microsoft.Extensions.Logging;

namespace Orrery.Client;

internal static partial class LeadershipLog
{
    [LoggerMessage(2021, LogLevel.Information, "{Identity} leads {Lease}")]
    public static partial void Leads(ILogger logger, string lease, string identity);

    [LoggerMessage(2022, LogLevel.Information, "{Lease} is led by {Leader}; standing by")]
    public static partial void StandsBy(ILogger logger, string lease, string leader);

    [LoggerMessage(2023, LogLevel.Warning, "{Identity} no longer leads {Lease}: {Reason}")]
    public static partial void Lost(ILogger logger, string lease, string identity, string reason);

    [LoggerMessage(2024, LogLevel.Information, "{Identity} has handed {Lease} back")]
    public static partial void Released(ILogger logger, string lease, string identity);

    [LoggerMessage(2025, LogLevel.Debug, "{Lease} could not be read or written, trying again: {Reason}")]
    public static partial void TryAgain(ILogger logger, string lease, string reason);
}
