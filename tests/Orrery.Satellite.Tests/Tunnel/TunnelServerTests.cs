using System.Collections.Concurrent;
using System.Globalization;
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

    /// <summary>What is sent into streams that nobody reads, such as the input of programs that take none, leaves room for what is sent into others.</summary>
    [Fact]
    public async Task ServeAsync_AllStreamsButOneAreNotRead_TheOtherIs()
    {
        await using TunnelServer server = await TunnelServer.StartAsync(TakeAsync, new Faults(), default);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var asking = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await asking.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using Socket dialled = await listener.AcceptSocketAsync();
        Task serving = server.ServeAsync(new NetworkStream(dialled), default);
        using (var http = new HttpMessageInvoker(new SocketsHttpHandler { ConnectCallback = (_, _) => ValueTask.FromResult<Stream>(new NetworkStream(asking)) }))
        {
            // 1. As much goes into each as it takes.
            using var over = new CancellationTokenSource();
            Endless[] unread = [.. Enumerable.Range(0, TunnelServer.MostStreams - 1).Select(_ => new Endless())];
            Task<HttpResponseMessage>[] stalled = [.. unread.Select(u => http.SendAsync(Request("/unread", u), over.Token))];
            await Task.WhenAll(unread.Select(u => u.Began)).WaitAsync(Limit);

            // 2. All of another passes.
            using HttpResponseMessage answer = await http.SendAsync(Request("/read", new ByteArrayContent(new byte[1_000_000])), default).WaitAsync(Limit);
            Assert.Equal("1000000", await answer.Content.ReadAsStringAsync());
            await over.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(stalled));
        }

        asking.Close();
        await serving.WaitAsync(Limit);
    }

    private static HttpRequestMessage Request(string path, HttpContent content) =>
        new(HttpMethod.Post, "http://data-plane" + path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = content };

    private static async Task TakeAsync(HttpContext http)
    {
        if (http.Request.Path == "/unread")
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted);
        }

        long taken = 0;
        byte[] buffer = new byte[16 * 1024];
        while (await http.Request.Body.ReadAsync(buffer) is > 0 and var read)
        {
            taken += read;
        }

        await http.Response.WriteAsync(taken.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>More than any stream takes.</summary>
    private sealed class Endless : HttpContent
    {
        private readonly TaskCompletionSource began = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Some of it has gone.</summary>
        public Task Began => began.Task;

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            byte[] much = new byte[32 * 1024];
            while (true)
            {
                await stream.WriteAsync(much);
                await stream.FlushAsync();
                began.TrySetResult();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
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
