using System.CommandLine;
using Orrery.Api;
using Orrery.Bench;
using Orrery.Client;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery bench fairness</c>: what a tenant that floods does to another's latencies.</summary>
internal static class BenchFairnessCommand
{
    private const string Tenant = "bench-fairness";

    public static Command Create()
    {
        Option<string> dataDir = Options.DataDir();
        var seconds = new Option<int>("--seconds") { Description = "How long each of the two parts of a flood lasts, in all.", DefaultValueFactory = _ => 12, HelpName = "N" }.Within(1, 3_600);
        var turns = new Option<int>("--turns") { Description = "In how many pieces the two take turns.", DefaultValueFactory = _ => 4, HelpName = "N" }.Within(1, 1_000);
        var kinds = new Option<FloodKind[]>("--kind") { Description = "What floods are made of.", DefaultValueFactory = _ => [FloodKind.Mixed], AllowMultipleArgumentsPerToken = true };
        var flooders = new Option<int>("--flooders") { Description = "Requests of the loud one under way at any time.", DefaultValueFactory = _ => 200, HelpName = "N" }.Within(1, 10_000);
        var command = new Command("fairness", "One virtual cluster floods the server; how another fares.") { seconds, turns, flooders, kinds, dataDir };
        var flood = new Option<string?>("--flood") { Hidden = true };
        command.Options.Add(flood);
        command.SetAction(async (parse, cancellationToken) =>
        {
            if (parse.GetValue(flood) is { } kubeconfig)
            {
                // The process that floods, started by the bench.
                await FloodProcess.RunAsync(kubeconfig, parse.GetValue(kinds)![0], parse.GetValue(flooders), cancellationToken).ConfigureAwait(false);
                return 0;
            }

            (DataDirectory directory, Settings settings) = Options.Existing(parse.GetValue(dataDir)!);
            using var root = new KubeClient(KubeConfig.Load(directory.AdminKubeconfig));
            TimeProvider time = TimeProvider.System;
            var clusters = new VirtualClusters(root, Tenant, time);
            try
            {
                var pair = new ClusterPair(
                    await KubeconfigAsync("quiet").ConfigureAwait(false),
                    await KubeconfigAsync("loud").ConfigureAwait(false));
                int server = BenchTarget.Own((directory, settings)).Pids is [int running] ? running : throw new CommandFailedException("the control plane does not run");
                var bench = new FairnessBench(pair, server, new Progress(time, quiet: false), time);
                await bench.PrepareAsync(cancellationToken).ConfigureAwait(false);
                FairnessResult.WriteHead(Console.Out);
                foreach (FloodKind kind in parse.GetValue(kinds)!)
                {
                    FairnessResult result = await bench.RunAsync(kind, parse.GetValue(seconds), parse.GetValue(turns), parse.GetValue(flooders), cancellationToken).ConfigureAwait(false);
                    result.Write(Console.Out);
                }

                return 0;
            }
            finally
            {
                await clusters.RemoveAsync(CancellationToken.None).ConfigureAwait(false);
            }

            async Task<string> KubeconfigAsync(string name)
            {
                ClusterName cluster = await clusters.MakeAsync(name, cancellationToken).ConfigureAwait(false);
                return await VirtualClusterAccess.WriteKubeconfigAsync(directory, settings, cluster, time, cancellationToken).ConfigureAwait(false);
            }
        });
        return command;
    }
}
