using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Orrery.Hub;

/// <summary>How a <see cref="TunnelHub"/> works.</summary>
public sealed record TunnelHubOptions
{
    /// <summary>How often each satellite says within its tunnel that it lives; one that has said nothing for twice as long is given up.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a tunnel may be gone before that is written: a satellite that dials again within it was never away.</summary>
    public TimeSpan SilenceGrace { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long this server vouches for the tunnels that it holds when it is not heard itself; it renews four times as often.</summary>
    public TimeSpan ServerLease { get; init; } = TimeSpan.FromSeconds(40);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;
}
