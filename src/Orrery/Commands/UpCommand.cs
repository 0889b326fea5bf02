using System.CommandLine;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary><c>orrery up</c>: a control plane and simulated data planes with their satellites, as processes of this machine.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        Option<string> dataDir = Options.DataDir();
        Option<bool> detach = Options.Detach();
        Option<int> port = Options.Port();
        Option<string[]> dataPlanes = Options.DataPlanes();
        var timeout = new Option<int>("--timeout") { Description = "Seconds within which everything is to be ready.", DefaultValueFactory = _ => (int)Launcher.Patience.TotalSeconds, HelpName = "SECONDS" }.Within(1, 86_400);
        var command = new Command("up", "Start a control plane and simulated data planes, each with its satellite; start again what has died.")
        {
            dataDir, port, dataPlanes, detach, timeout,
        };
        command.SetAction((parse, cancellationToken) => RunAsync(
            new UpRequest(
                parse.GetValue(dataDir)!,
                parse.GetResult(port) is { Implicit: false } ? parse.GetValue(port) : null,
                parse.GetResult(dataPlanes) is { Implicit: false } ? parse.GetValue(dataPlanes) : null),
            TimeSpan.FromSeconds(parse.GetValue(timeout)),
            parse.GetValue(detach),
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(UpRequest request, TimeSpan patience, bool detach, CancellationToken cancellationToken)
    {
        await new Launcher(TimeProvider.System).RunAsync(request, patience, detach, WriteHintsAsync, cancellationToken).ConfigureAwait(false);
        return 0;
    }

    private static Task WriteHintsAsync(RunningInstallation installation)
    {
        string where = installation.DataDirOption;
        Console.WriteLine($"""
            Orrery is ready: {installation.Settings.Server} and {installation.Settings.DataPlanes.Count} data planes ({string.Join(", ", installation.Settings.DataPlanes)}).

              export KUBECONFIG={installation.Directory.AdminKubeconfig}
              kubectl get dataplanes,virtualsites,tenants,virtualclusters,works -A
              ./orrery kubeconfig --virtual-cluster NAMESPACE/NAME{where}   # a tenant's own API
              ./orrery status{where}
              ./orrery down{where}
            """);
        return Task.CompletedTask;
    }
}
