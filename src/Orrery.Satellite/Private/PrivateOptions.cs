using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Client;
using Orrery.Satellite.Joining;

namespace Orrery.Satellite.Private;

/// <summary>What a tenant's own control plane needs to fetch what is the tenant's from the vendor.</summary>
public sealed record PrivateOptions
{
    /// <summary>Name of the DataPlane that it is to the vendor, and of the one that its own cluster is to itself.</summary>
    public required string DataPlane { get; init; }

    /// <summary>The one tenant whose objects are taken.</summary>
    public required string Tenant { get; init; }

    /// <summary>The tenant's own cluster, which is root and data plane.</summary>
    public required ClientConfig Cluster { get; init; }

    public required JoinOptions Join { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;
}
