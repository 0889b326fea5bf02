using Microsoft.Extensions.Logging;

namespace Orrery.Controllers.Tests.Road;

/// <summary>Writes all that is logged to one file, for looking into a failed run.</summary>
internal sealed class FileLoggers(string path) : ILoggerFactory
{
    private readonly Lock gate = new();
    private readonly StreamWriter file = new(path, append: true) { AutoFlush = true };

    public ILogger CreateLogger(string categoryName) => new FileLogger(this, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("one file only");

    public void Dispose() => file.Dispose();

    private void Write(string line)
    {
        lock (gate)
        {
            file.WriteLine(line);
        }
    }

    private sealed class FileLogger(FileLoggers owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning || category.StartsWith("Orrery.", StringComparison.Ordinal);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                owner.Write($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {logLevel,-11} {category}[{eventId.Id}] {formatter(state, exception)} {exception}");
            }
        }
    }
}
