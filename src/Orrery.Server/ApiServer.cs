using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Server.Authentication;
using Orrery.Server.Fairness;
using Orrery.Server.Transport;
using Orrery.Server.Transport.Sockets;
using Orrery.Server.Upkeep;

namespace Orrery.Server;

/// <summary>
/// A Kubernetes API server: root cluster, virtual clusters, and the upkeep that any cluster needs (namespace
/// deletion, garbage collection, default service accounts). Used for the control plane and for simulated data planes.
/// </summary>
public sealed class ApiServer : IAsyncDisposable
{
    /// <summary>TLS handshakes at once.</summary>
    private const int Handshakes = 64;

    /// <summary>Connections that the system keeps until they are accepted: a whole fleet may dial at the same moment.</summary>
    private const int Backlog = 4096;

    /// <summary>Bytes in which connections take memory, as the framework's own.</summary>
    private const int Block = 4096;

    /// <summary>Of those as many stay for the next burst as one of thousands of clients needs, if it comes soon: 64 MiB. With 5,000 watches that are told of each change some 8,000 are on their way at a moment.</summary>
    private const int MostIdleBlocks = 16384;

    private readonly WebApplication web;
    private readonly ServerState state;
    private readonly RequestShares shares;

    private ApiServer(WebApplication web, ServerState state, RequestShares shares, Uri url)
    {
        this.web = web;
        this.state = state;
        this.shares = shares;
        Url = url;
    }

    /// <summary>Memory of its connections.</summary>
    internal SpareBlocks Blocks => web.Services.GetRequiredService<SpareBlocks>();

    /// <summary>Where the server listens, without trailing slash semantics: scheme, host and port.</summary>
    public Uri Url { get; }

    /// <summary>Loads the caches, bootstraps the root cluster, listens. When this returns, <c>/readyz</c> answers ok, unless <see cref="ApiServerOptions.AwaitedResources"/> are to come.</summary>
    public static async Task<ApiServer> StartAsync(ApiServerOptions options, CancellationToken cancellationToken)
    {
        // 1. Everything in memory, from the store.
        ServerState state = await ServerComposition.ComposeAsync(options, cancellationToken);
        await state.Upkeep!.StartAsync(cancellationToken);

        // 2. Listen.
        WebApplication web = Build(options, state.Fairness.Queue);
        web.Run(new Pipeline(state).InvokeAsync);
        IServer http = web.Services.GetRequiredService<IServer>();
        Action? passBy = FrameworkLooks.Take(http);
        web.Services.GetRequiredService<ConnectionLooks>().Also = passBy;
        bool isHeardAtOnce = EpollTransport.IsPossible && FrameworkScheduler.TrySet(http, SocketLoop.Scheduler);
        await web.StartAsync(cancellationToken);
        string address = http.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First();
        var url = new Uri(address);

        // 3. Known where it listens, it says so to its clients.
        (string host, int port) = options.AdvertiseAddress is { } advertised ? (advertised.ToString(), url.Port)
            : options.PublicUrl is { } known ? (known.DnsSafeHost, known.Port)
            : (options.Address.ToString(), url.Port);
        await state.OwnService.TellAsync(host, port, cancellationToken);

        ILogger log = options.LoggerFactory.CreateLogger<ApiServer>();
        log.Serving(url);
        if (!OpenSslSession.IsPossible)
        {
            log.IdleMemoryKept("TLS");
        }

        if (!IdleHeaders.IsPossible)
        {
            log.IdleMemoryKept("HTTP/2");
        }

        if (passBy is null)
        {
            log.ConnectionsPassedBy();
        }

        if (EpollTransport.IsPossible && !isHeardAtOnce)
        {
            log.HeardInThePool();
        }

        return new ApiServer(web, state, RequestShares.Start(state), url);
    }

    /// <summary>The scope of a credential for a cluster as it is now; null when there is no such virtual cluster.</summary>
    public ClusterScope? ScopeOf(ClusterName cluster) => state.Access.Clusters.ScopeOf(cluster);

    /// <summary>
    /// Drops what is kept only so that clients can go on from the past, and too old for that, and patterns that nobody uses. To be called now and then, every few seconds; without it
    /// nothing is wrong, but memory that a burst of changes took stays taken.
    /// </summary>
    /// <returns>About the bytes that a collection can give back.</returns>
    public long ForgetPast() => state.Caches.Forget() + Patterns.Forget() + Blocks.Forget() + RecordMemory.Blocks.Forget();

    public async ValueTask DisposeAsync()
    {
        await state.Stopping.CancelAsync();
        state.Caches.EndClients();
        await web.StopAsync(CancellationToken.None);
        await web.DisposeAsync();

        // No request is to come any more: all are counted.
        await shares.DisposeAsync();
        await state.DisposeAsync();
    }

    private static WebApplication Build(ApiServerOptions options, FairQueue seats)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<ILoggerFactory>(new HostLoggerFactory(options.LoggerFactory));
        builder.Services.AddSingleton<IHostLifetime, NoHostLifetime>();
        builder.Services.AddSingleton(_ => new ConnectionLooks(TimeProvider.System, options.LoggerFactory.CreateLogger<ConnectionLooks>()));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(5));
        builder.WebHost.UseKestrelCore().UseSockets(sockets => sockets.Backlog = Backlog).UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Configure(kestrel, options, seats));
        builder.Services.AddSingleton(new SpareBlocks(Block, MostIdleBlocks, TimeProvider.System));
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>>(services => services.GetRequiredService<SpareBlocks>());
        if (EpollTransport.IsPossible)
        {
            builder.Services.AddSingleton<IConnectionListenerFactory>(services => new EpollTransport(
                services.GetRequiredService<IMemoryPoolFactory<byte>>(), Backlog, options.LoggerFactory.CreateLogger<EpollTransport>()));
        }

        return builder.Build();
    }

    private static void Configure(KestrelServerOptions kestrel, ApiServerOptions options, FairQueue seats)
    {
        kestrel.AddServerHeader = false;

        // A table of what was answered last, for each connection for as long as it lasts: half a KiB, and more to look through than to send.
        kestrel.AllowResponseHeaderCompression = false;

        // Bodies are read up to their limit by RequestBody, which answers a Status.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;
        kestrel.Limits.Http2.InitialConnectionWindowSize = WaitingBodies.ConnectionWindow;
        kestrel.Limits.Http2.InitialStreamWindowSize = WaitingBodies.StreamWindow;
        kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        kestrel.Limits.MaxResponseBufferSize = 256 * 1024;
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(3);
        ConnectionLooks.BePatient(kestrel.Limits);
        CipherSuitesPolicy? ciphers = options.CipherSuites is { } suites && !OperatingSystem.IsWindows() ? new CipherSuitesPolicy(suites) : null;
        kestrel.Listen(options.Address, options.Port, Serve);
        if (options.AlsoOnLoopback && !IPAddress.IsLoopback(options.Address) && !options.Address.Equals(IPAddress.Any) && !options.Address.Equals(IPAddress.IPv6Any))
        {
            kestrel.Listen(IPAddress.Loopback, options.Port, Serve);
        }

        void Serve(ListenOptions listen)
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.Use(kestrel.ApplicationServices.GetRequiredService<ConnectionLooks>().Before);
            listen.Use(IdleHeaders.Before);
            listen.Use(new HandshakeTurns(Handshakes, options.TimeProvider).Before);
            listen.Use(RecordMemory.Before);
            listen.Use(GatheredRecords.Before);
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = options.ServingCertificate,
                ServerCertificateChain = options.ServingChain,
                SslProtocols = options.TlsProtocols,
                ClientCertificateMode = ClientCertificateMode.AllowCertificate,

                // Any certificate may be shown; whether it means anything is authentication's question, answered with a Status.
                ClientCertificateValidation = (certificate, chain, _) =>
                {
                    PresentedChains.Keep(certificate, chain);
                    return true;
                },

                // The authorities of the system mean nothing here, and would be read anew for each connection.
                OnAuthenticate = (_, tls) =>
                {
                    tls.CipherSuitesPolicy = ciphers;
                    tls.CertificateChainPolicy = new X509ChainPolicy
                    {
                        TrustMode = X509ChainTrustMode.CustomRootTrust,
                        DisableCertificateDownloads = true,
                        RevocationMode = X509RevocationMode.NoCheck,
                        VerificationFlags = X509VerificationFlags.AllFlags,
                    };
                },
            });
            listen.Use(WaitingBodies.Before);
            listen.Use(RecordMemory.After);
            listen.Use(HandshakeTurns.After);
            listen.Use(IdleRecords.After);
            listen.Use(SessionTickets.After);
            listen.Use(RequestTurns.After(seats));
        }
    }
}
