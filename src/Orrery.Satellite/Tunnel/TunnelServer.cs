using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Orrery.Satellite.Tunnel;

/// <summary>Serves HTTP/2 over connections that were dialled from here. It listens on no port.</summary>
internal sealed class TunnelServer : IAsyncDisposable
{
    /// <summary>Requests at a time.</summary>
    internal const int MostStreams = 1000;

    /// <summary>Bytes that are on their way to a stream, or wait there to be read.</summary>
    private const int StreamWindow = 64 * 1024;

    private readonly WebApplication web;
    private readonly TunnelTransport transport;

    private TunnelServer(WebApplication web, TunnelTransport transport)
    {
        this.web = web;
        this.transport = transport;
    }

    public static async Task<TunnelServer> StartAsync(RequestDelegate requests, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var transport = new TunnelTransport();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IConnectionListenerFactory>(transport);
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;

            // A stream into a pod may be idle for hours.
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            // What is sent into streams that nobody reads must leave room for the others. The framework gives a connection back what was read once that is half of its window, so that all streams together may leave the other half unread.
            kestrel.Limits.Http2.MaxStreamsPerConnection = MostStreams;
            kestrel.Limits.Http2.InitialStreamWindowSize = StreamWindow;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 2 * MostStreams * StreamWindow;

            // Nothing is asked for as long as nobody asks. Kestrel reckons with this time, so it must have an end.
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromDays(3650);
            kestrel.Listen(transport.EndPoint, listen => listen.Protocols = HttpProtocols.Http2);
        });
        WebApplication web = builder.Build();
        web.Run(requests);
        await web.StartAsync(cancellationToken).ConfigureAwait(false);
        return new TunnelServer(web, transport);
    }

    /// <summary>Ends with the connection.</summary>
    public Task ServeAsync(Stream connection, CancellationToken cancellationToken) => transport.ServeAsync(connection, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await transport.DisposeAsync().ConfigureAwait(false);
        using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1), TimeProvider.System);
        await web.StopAsync(soon.Token).ConfigureAwait(false);
        await web.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Signals are the satellite's own affair.</summary>
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
