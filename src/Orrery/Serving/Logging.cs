using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Orrery.Telemetry;

namespace Orrery.Serving;

/// <summary>How the long-running processes log: one line an entry on standard error, UTC times.</summary>
internal static class Logging
{
    /// <param name="service">Which process this is, for logs that go elsewhere too.</param>
    public static ILoggerFactory Create(LogLevel level, string service = "orrery") => LoggerFactory.Create(builder =>
    {
        builder
            .SetMinimumLevel(level)
            .AddFilter("Microsoft", LogLevel.Warning)
            .AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                console.ColorBehavior = LoggerColorBehavior.Disabled;
            })
            .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        OtlpExport.AddLogs(builder, service);
    });
}
