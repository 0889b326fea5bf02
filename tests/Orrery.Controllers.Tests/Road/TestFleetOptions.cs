using Orrery.Server.Audit;
using Orrery.Server.Handlers;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>How a <see cref="TestFleet"/> is made.</summary>
internal sealed record TestFleetOptions
{
    /// <summary>How long a satellite may be gone before that is written.</summary>
    public TimeSpan SilenceGrace { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What every data plane answers for its pods.</summary>
    public IReadOnlyList<ISubresourceHandler> Kubelets { get; init; } = [];

    /// <summary>What the control plane records; null for nothing.</summary>
    public AuditOptions? Audit { get; init; }

    /// <summary>What stands between each satellite and its cluster; null for nothing.</summary>
    public RoughWay? ToCluster { get; init; }

    /// <summary>What stands between each satellite and the control plane; null for nothing.</summary>
    public RoughWay? ToControlPlane { get; init; }

    /// <summary>Whether the connections of each satellite to its cluster can be broken (<see cref="TestDataPlane.Network"/>).</summary>
    public bool CutsClusters { get; init; }

    /// <summary>The clock of the controllers.</summary>
    public TimeProvider ControllersTime { get; init; } = TimeProvider.System;

    /// <summary>The cluster that every data plane is, where the test has one already; null makes one each.</summary>
    public TestServer? Cluster { get; init; }

    /// <summary>The clock of all satellites.</summary>
    public TimeProvider SatelliteTime { get; init; } = TimeProvider.System;
}
