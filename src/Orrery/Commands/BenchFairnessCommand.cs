using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
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
        var seconds = new Option<int>("--seconds") { Description = "How long each of the two parts lasts.", DefaultValueFactory = _ => 10, HelpName = "N" };
        var flooders = new Option<int>("--flooders") { Description = "Requests of the loud one under way at any time.", DefaultValueFactory = _ => 200, HelpName = "N" };
        var command = new Command("fairness", "One virtual cluster floods the server; how another fares.") { seconds, flooders, dataDir };
        command.SetAction(async (parse, cancellationToken) =>
        {
            (DataDirectory directory, Settings settings) = Options.Existing(parse.GetValue(dataDir)!);
            using var root = new KubeClient(KubeConfig.Load(directory.AdminKubeconfig));
            TimeProvider time = TimeProvider.System;
            try
            {
                var pair = new ClusterPair(
                    await ClusterAsync(root, directory, settings, "quiet", time, cancellationToken).ConfigureAwait(false),
                    await ClusterAsync(root, directory, settings, "loud", time, cancellationToken).ConfigureAwait(false));
                var bench = new FairnessBench(pair, new Progress(time, quiet: false), time);
                FairnessResult result = await bench.RunAsync(parse.GetValue(seconds), parse.GetValue(flooders), cancellationToken).ConfigureAwait(false);
                result.Write(Console.Out);
                return 0;
            }
            finally
            {
                await root.DeleteCollectionAsync(OrreryResources.VirtualClusters, Tenant, null, null, CancellationToken.None).ConfigureAwait(false);
                await root.DeleteAsync(OrreryResources.Tenants, "", Tenant, null, CancellationToken.None).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static async Task<ClientConfig> ClusterAsync(KubeClient root, DataDirectory directory, Settings settings, string name, TimeProvider time, CancellationToken cancellationToken)
    {
        var cluster = new ClusterName(Tenant, name);
        JsonObject Named(string kind, JsonObject metadata) => new() { ["apiVersion"] = OrreryResources.ApiVersion, ["kind"] = kind, ["metadata"] = metadata, ["spec"] = new JsonObject() };
        _ = await root.ApplyAsync(OrreryResources.Tenants, "", Tenant, Named("Tenant", new JsonObject { ["name"] = Tenant }), Fleet.FieldManager, force: true, cancellationToken).ConfigureAwait(false);
        await Waiting.UntilAsync($"virtual cluster {cluster}", TimeSpan.FromSeconds(60), time, async () =>
        {
            try
            {
                KubeObject made = await root.ApplyAsync(
                    OrreryResources.VirtualClusters, Tenant, name, Named("VirtualCluster", new JsonObject { ["namespace"] = Tenant, ["name"] = name }), Fleet.FieldManager, force: true, cancellationToken).ConfigureAwait(false);
                return !made.IsDeleting && Fleet.IsTrue(made, "Ready");
            }
            catch (StatusException error) when (error.Code is 403 or 404)
            {
                // The tenant's namespace is still being made.
                return false;
            }
        }, cancellationToken).ConfigureAwait(false);
        return KubeConfig.Load(await VirtualClusterAccess.WriteKubeconfigAsync(directory, settings, cluster, time, cancellationToken).ConfigureAwait(false));
    }
}
