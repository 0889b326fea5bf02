using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Orrery.Simulator.Tests.Support;

/// <summary>Shows log lines with the test, and keeps those of level Error: a test that brings one about has failed.</summary>
internal sealed class TestLogs : ILoggerFactory
{
    public ConcurrentQueue<string> Errors { get; } = new();

    public ILogger CreateLogger(string categoryName) => 
        new Logger(this, TestContext.Current.TestOutputHelper, categoryName.StartsWith("Orrery", StringComparison.Ordinal) ? LogLevel.Information : LogLevel.Warning);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
        // Nothing is held.
    }

    private sealed class Logger(TestLogs logs, ITestOutputHelper? output, LogLevel least) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= least;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            string line = $"{logLevel} {formatter(state, exception)} {exception}";
            if (logLevel >= LogLevel.Error)
            {
                logs.Errors.Enqueue(line);
            }

            try
            {
                output?.WriteLine(line);
            }
            catch (InvalidOperationException)
            {
                // The test has ended; its output is closed.
            }
        }
    }
}
