using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Installation;
using Orrery.Satellite;
using Orrery.Server.Authentication;
using Orrery.Server.Security;
using Orrery.Simulator;
using Orrery.Storage.Memory;

namespace Orrery.Bench;

/// <summary>A process of its own with some simulated data planes and their satellites in it, for a bench. It ends when the bench does: its input is the bench's to hold open.</summary>
internal static class FleetProcess
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    public static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"plane-{number:000}");

    public static Process Start(DataDirectory directory, int from, int count)
    {
        string self = Environment.ProcessPath ?? throw new CommandFailedException("the path of this program is unknown");
        string[] program = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [Path.ChangeExtension(Environment.GetCommandLineArgs()[0], ".dll")] : [];
        string[] arguments =
        [
            .. program, "bench", "control-plane", "--data-dir", directory.Path, "--fleet-from", from.ToString(CultureInfo.InvariantCulture),
            "--data-planes", count.ToString(CultureInfo.InvariantCulture),
        ];
        return Process.Start(new ProcessStartInfo(self, arguments) { RedirectStandardInput = true }) ?? throw new CommandFailedException("a process of data planes could not be started");
    }

    /// <summary>What such a process does, until its input ends.</summary>
    public static async Task RunAsync(DataDirectory directory, int from, int count, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ClientConfig admin = KubeConfig.Load(directory.AdminKubeconfig);
        using CertificateAuthority authority = new PkiFolder(directory.PkiFolder, TimeProvider.System).EnsureAuthority("orrery");
        using X509Certificate2 serving = authority.IssueServer(["localhost"], [IPAddress.Loopback], Lifetime).ToX509();
        using ServiceAccountKeys keys = ServiceAccountKeys.Load(ServiceAccountKeys.NewKeyPem());
        Task running = Together.RunAsync(
            Enumerable.Range(from, count).Select<int, Func<CancellationToken, Task>>(number => token => RunAsync(NameOf(number), admin.Server, authority, serving, keys, token)), over.Token);
        await Console.In.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task RunAsync(string name, Uri controlPlane, CertificateAuthority authority, X509Certificate2 serving, ServiceAccountKeys keys, CancellationToken cancellationToken)
    {
        await using var store = new MemoryStore(TimeProvider.System);
        await using SimulatedDataPlane cluster = await SimulatedDataPlane.StartAsync(
            new SimulatedDataPlaneOptions
            {
                Simulation = new SimulationOptions { Name = name, Nodes = 1 },
                Store = store,
                Authority = authority,
                ServingCertificate = serving,
                ServiceAccountKeys = keys,
            },
            cancellationToken).ConfigureAwait(false);
        ClientConfig As(Uri server, string user, string group) =>
            new(server, [authority.Certificate()], authority.IssueClient(user, [group], ClusterScope.Root, Lifetime).ToX509());
        await new SatelliteAgent(new SatelliteOptions
        {
            DataPlane = name,
            ControlPlane = As(controlPlane, OrreryNames.SatelliteUser(name), OrreryNames.SatelliteGroup),
            Cluster = As(cluster.Url, "orrery-satellite", UserGroups.Masters),
        }).RunAsync(cancellationToken).ConfigureAwait(false);
    }
}
