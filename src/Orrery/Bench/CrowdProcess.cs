using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Installation;
using Orrery.Satellite.Crowd;
using Orrery.Server.Authentication;
using Orrery.Server.Security;

namespace Orrery.Bench;

/// <summary>A process of its own with many satellites in it, for a bench. It ends when the bench does: its input is the bench's to hold open.</summary>
internal static class CrowdProcess
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    public static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"bench-{number:00000}");

    public static Process Start(DataDirectory directory, int from, int count, bool takesWorks)
    {
        string self = Environment.ProcessPath ?? throw new CommandFailedException("the path of this program is unknown");
        string[] program = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [Path.ChangeExtension(Environment.GetCommandLineArgs()[0], ".dll")] : [];
        string[] arguments =
        [
            .. program, "bench", "satellites", "--data-dir", directory.Path, "--crowd-from", from.ToString(CultureInfo.InvariantCulture),
            takesWorks ? "--count" : "--heartbeats", count.ToString(CultureInfo.InvariantCulture),
        ];
        return Process.Start(new ProcessStartInfo(self, arguments) { RedirectStandardInput = true }) ?? throw new CommandFailedException("a process of satellites could not be started");
    }

    /// <summary>What such a process does: each satellite with a certificate of its own, until the input ends.</summary>
    public static async Task RunAsync(DataDirectory directory, int from, int count, bool takesWorks, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ClientConfig admin = KubeConfig.Load(directory.AdminKubeconfig);
        using CertificateAuthority authority = new PkiFolder(directory.PkiFolder, TimeProvider.System).EnsureAuthority("orrery");
        X509Certificate2Collection trusted = [authority.Certificate()];
        CrowdMember[] members =
        [
            .. Enumerable.Range(from, count).Select(NameOf).Select(name => new CrowdMember(name, new ClientConfig(
                admin.Server, trusted, authority.IssueClient(OrreryNames.SatelliteUser(name), [OrreryNames.SatelliteGroup], ClusterScope.Root, Lifetime).ToX509()))),
        ];
        Task running = new SatelliteCrowd(members, takesWorks, TimeProvider.System).RunAsync(over.Token);
        await Console.In.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
    }
}
