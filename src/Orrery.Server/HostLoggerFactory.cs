using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Orrery.Server;

/// <summary>The server's loggers for the web host beneath it, which would otherwise write several lines a request: warnings and worse only.</summary>
internal sealed class HostLoggerFactory(ILoggerFactory inner) : ILoggerFactory
{
    /// <summary>Where it would write anything at all, the web host makes an activity and a scope a request, and keeps them for as long as a watch lasts. What goes wrong in a request the pipeline logs itself.</summary>
    private const string RequestDiagnostics = "Microsoft.AspNetCore.Hosting.Diagnostics";

    /// <summary>That the server cannot start, and why, is told by an exception to whoever starts it.</summary>
    private const string Start = "Microsoft.Extensions.Hosting.Internal.Host";

    public ILogger CreateLogger(string categoryName) => categoryName is RequestDiagnostics or Start ? NullLogger.Instance : new WarningsOnly(inner.CreateLogger(categoryName));

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    /// <summary>The inner factory is its owner's.</summary>
    public void Dispose()
    {
    }

    private sealed class WarningsOnly(ILogger inner) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && inner.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                inner.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }
}
