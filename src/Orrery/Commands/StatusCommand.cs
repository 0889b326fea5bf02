using System.CommandLine;
using System.Globalization;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery status</c>: which processes run, and what the control plane says of the fleet.</summary>
internal static class StatusCommand
{
    /// <summary>A busy machine takes longer to answer than one on which nothing runs. What runs is told before that.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        Option<string> dataDir = Options.DataDir();
        var command = new Command("status", "Show what runs, where, and whether it is ready. Exit code 0 when everything is.") { dataDir };
        command.SetAction((parse, cancellationToken) => RunAsync(parse.GetValue(dataDir)!, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string dataDir, CancellationToken cancellationToken)
    {
        (DataDirectory directory, Settings settings) = Options.Existing(dataDir);
        IReadOnlyList<OrreryProcess> processes = Processes.Of(directory, settings);
        List<string[]> lines = [["PROCESS", "ROLE", "PID", "ADDRESS", "STATE"]];
        bool healthy = true;
        foreach (OrreryProcess process in processes)
        {
            int? pid = process.RunningPid();
            healthy &= pid is not null;
            lines.Add([process.Name, process.Role, pid?.ToString(CultureInfo.InvariantCulture) ?? "-", process.Endpoint?.ToString().TrimEnd('/') ?? "dials out", pid is null ? "stopped" : "running"]);
        }

        Columns.Write(Console.Out, lines);
        if (processes[0].RunningPid() is null)
        {
            Console.WriteLine("\nThe control plane does not run: './orrery up' starts it.");
            return 1;
        }

        Console.WriteLine();
        healthy &= await WriteFleetAsync(directory, cancellationToken).ConfigureAwait(false);
        return healthy ? 0 : 1;
    }

    private static async Task<bool> WriteFleetAsync(DataDirectory directory, CancellationToken cancellationToken)
    {
        using var root = new KubeClient(KubeConfig.Load(directory.AdminKubeconfig));
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        bool healthy = true;
        try
        {
            foreach ((string title, GroupVersionResource resource) in ((string, GroupVersionResource)[])[("DATA PLANE", OrreryResources.DataPlanes), ("VIRTUAL CLUSTER", OrreryResources.VirtualClusters)])
            {
                KubeList list = await root.ListAsync(resource, "", null, timeout.Token).ConfigureAwait(false);
                List<string[]> lines = [[title, "READY", "MESSAGE"]];
                foreach (KubeObject item in list.Items)
                {
                    var ready = Fleet.Condition(item, "Ready");
                    healthy &= Fleet.IsTrue(item, "Ready");
                    lines.Add([
                        item.Namespace.Length == 0 ? item.Name : $"{item.Namespace}/{item.Name}",
                        ready?.GetProperty("status").GetString() ?? "Unknown",
                        ready is { } r && r.TryGetProperty("message", out var m) ? m.GetString() ?? "" : "not reported yet",
                    ]);
                }

                if (list.Items.Count > 0)
                {
                    Columns.Write(Console.Out, lines);
                    Console.WriteLine();
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CommandFailedException($"the control plane runs but did not answer within {Patience.TotalSeconds:0} s");
        }

        return healthy;
    }
}
