using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orrery.Client;
using Orrery.Satellite.Tunnel;

namespace Orrery.Satellite.Tests.Tunnel;

public sealed class TunnelServerTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task ServeAsync_ConnectionBreaksWhileAnswersAreWritten_EndsAndIsNoFault()
    {
        var faults = new Faults();
        var writing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using TunnelServer server = await TunnelServer.StartAsync(http => WriteAsync(http, writing), faults, default);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var asking = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await asking.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using Socket dialled = await listener.AcceptSocketAsync();
        await using var observed = new ObservedStream(new NetworkStream(dialled), TimeProvider.System);
        Task serving = server.ServeAsync(observed, default);

        // 1. Four answers are on their way, and nobody reads them.
        using var http = new HttpMessageInvoker(new SocketsHttpHandler { ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new NetworkStream(asking)) });
        Task<HttpResponseMessage>[] answers = [.. Enumerable.Range(0, 4).Select(_ => http.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, "http://data-plane/") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact }, default))];
        await Task.WhenAll(answers).WaitAsync(Limit);
        await writing.Task.WaitAsync(Limit);

        // 2. The connection is reset.
        asking.LingerState = new LingerOption(true, 0);
        asking.Close();

        await serving.WaitAsync(Limit);
        await observed.Closed.WaitAsync(Limit);
        Assert.Empty(faults.Said);
    }

    private static async Task WriteAsync(HttpContext http, TaskCompletionSource writing)
    {
        byte[] much = new byte[64 * 1024];
        while (!http.RequestAborted.IsCancellationRequested)
        {
            await http.Response.Body.WriteAsync(much, http.RequestAborted);
            writing.TrySetResult();
        }
    }

    private sealed class Faults : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<string> Said { get; } = new();

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Said.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");
            }
        }

        public void Dispose()
        {
        }
    }
}
