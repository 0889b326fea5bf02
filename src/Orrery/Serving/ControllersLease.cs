using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Orrery.Client;
using Orrery.Controllers;

namespace Orrery.Serving;

/// <summary>
/// The controllers of a control plane with several servers: they run where the Lease <c>kube-system/orrery-controllers</c> is held.
/// What a server does by itself (namespace deletion, garbage collection and the rest of its upkeep) needs no leader: each step is
/// conditional on what it was based on, so that two at once do no more than one.
/// </summary>
internal sealed class ControllersLease(ControllersOptions options)
{
    private const string Name = "orrery-controllers";

    /// <summary>With it, the takeover and the start of the controllers, a leader that was killed is replaced within 15 seconds.</summary>
    private static readonly TimeSpan LeaseDuration = TimeSpan.FromSeconds(14);

    private volatile bool isReady;

    /// <summary>Whether this process does its part: it takes part in the election, or the controllers run here.</summary>
    public bool IsReady => isReady;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var client = new KubeClient(options.Api, options.Time);
        var election = new LeaderElection(client, new LeaderElectionOptions { Name = Name, Identity = Identity(), LeaseDuration = LeaseDuration, Time = options.Time, Loggers = options.Loggers });

        // Whatever a controller was about to write when its process was stopped is not sent when it wakes up.
        ControllersOptions guarded = options with { Api = options.Api with { MayChange = () => election.MayAct } };
        isReady = true;
        await election.RunAsync(token => new OrreryControllers(guarded).RunAsync(token), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Host and process for people, the rest to tell a process from a later one.</summary>
    private static string Identity() =>
        string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}_{Environment.ProcessId}_{RandomNumberGenerator.GetHexString(8, lowercase: true)}");
}
