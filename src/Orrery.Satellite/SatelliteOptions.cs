using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Client;

namespace Orrery.Satellite;

/// <summary>What a satellite needs to serve its data plane.</summary>
public sealed record SatelliteOptions
{
    /// <summary>Name of the DataPlane that this cluster is.</summary>
    public required string DataPlane { get; init; }

    /// <summary>The control plane's root cluster, with the satellite's own certificate.</summary>
    public ClientConfig ControlPlane { get; init; } = new(new Uri("https://not.joined.invalid"));

    /// <summary>The cluster that runs the workloads; any Kubernetes cluster.</summary>
    public required ClientConfig Cluster { get; init; }

    /// <summary>How often it looks whether its cluster answers. That it lives itself is asked within its tunnel.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often everything applied is compared with what should be, without any event.</summary>
    public TimeSpan LevelInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a mapped namespace stays after the last that it held went, lest one that is filled again at once must first be waited for.</summary>
    public TimeSpan EmptyNamespaceGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a tenant's machine beyond the least of its pool stays when nothing runs on it, lest the next rollout has to wait for another.</summary>
    public TimeSpan MachineIdleTime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Tells this process from every other satellite, also from one with a copy of its Secret.</summary>
    public string Instance { get; init; } = AnyInstance();

    /// <summary>Version of this program, for the DataPlane's status.</summary>
    public string Version { get; init; } = typeof(SatelliteOptions).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>What stands for the tunnel where there is no network; null dials <see cref="ControlPlane"/>.</summary>
    internal Tunnel.ITunnel? Tunnel { get; init; }

    /// <summary>Seed of the jitter between retries; zero derives one that differs from process to process.</summary>
    public int Seed { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    /// <summary>An <see cref="Instance"/> that no other process has.</summary>
    internal static string AnyInstance() => RandomNumberGenerator.GetHexString(10, lowercase: true);
}
