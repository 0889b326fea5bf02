using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Orrery.Simulator;

/// <summary>What a simulated cluster looks like and how fast things happen in it.</summary>
public sealed record SimulationOptions
{
    /// <summary>The cluster's name: prefix of its nodes' names, and their zone.</summary>
    public required string Name { get; init; }

    /// <summary>Number of nodes, named <c>{Name}-node-1</c> and on.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>What each node has: cpu, memory and pods as Kubernetes quantities.</summary>
    public string NodeCpu { get; init; } = "8";

    public string NodeMemory { get; init; } = "32Gi";

    public int NodePods { get; init; } = 110;

    /// <summary>From a pod's binding to its containers running.</summary>
    public TimeSpan StartDelay { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How long containers take to end when asked to; the pod's grace period where that is shorter.</summary>
    public TimeSpan StopDelay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a container runs that ends by itself (those of Jobs, and one whose command says so), unless it sleeps for some other time.</summary>
    public TimeSpan RunTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The first wait before a container that ended is started again (the first time there is none); each later one is twice the one before, five minutes at most.</summary>
    public TimeSpan RestartBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between two log lines of a container.</summary>
    public TimeSpan LogInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Seed of the jitter between retries; zero derives one that differs from process to process.</summary>
    public int Seed { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;
}
