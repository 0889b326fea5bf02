using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Client;

namespace Orrery.Controllers;

/// <summary>What the controllers need to run.</summary>
public sealed record ControllersOptions
{
    /// <summary>The root cluster, with a credential that may do everything in every cluster of the server.</summary>
    public required ClientConfig Api { get; init; }

    /// <summary>Address at which users reach the API server; the start of every virtual cluster's endpoint. Null takes that of <see cref="Api"/>.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>
    /// Whether <see cref="Api"/> serves virtual clusters and takes tunnels, as <c>orrery serve</c> does. On any other Kubernetes the controllers of virtual
    /// clusters are left out, and satellites say by Leases that they live.
    /// </summary>
    public bool VirtualClusters { get; init; } = true;

    /// <summary>How often everything is looked at without any event.</summary>
    public TimeSpan LevelInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the certificate of a satellite may hold; at least ten minutes, the shortest that Kubernetes' signer knows.</summary>
    public TimeSpan SatelliteCertificateLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Seed of the jitter between retries; zero derives one that differs from process to process.</summary>
    public int Seed { get; init; }

    /// <summary>Folder in which charts are kept once fetched; null keeps them in memory alone. What is lost is fetched again.</summary>
    public string? ChartFolder { get; init; }

    /// <summary>Carries requests for charts; null goes through the network.</summary>
    public Func<HttpMessageHandler>? ChartCarrier { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    /// <summary>What every informer of the controllers begins with.</summary>
    internal InformerOptions Informers => new() { Transform = InformerOptions.WithoutManagedFields, Time = Time, Seed = Seed, Loggers = Loggers };
}
