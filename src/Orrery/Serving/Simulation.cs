using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Orrery.Installation;
using Orrery.Server.Security;
using Orrery.Simulator;
using Orrery.Storage.Sqlite;

namespace Orrery.Serving;

/// <summary>Puts a simulated data plane together from its folder.</summary>
internal static class Simulation
{
    /// <summary>Runs until cancelled.</summary>
    public static async Task RunAsync(string name, string folder, int port, int nodes, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        PkiFolder pki = Credentials.SimulatedPki(folder, name, port, time);
        using CertificateAuthority authority = pki.EnsureAuthority(name);
        using X509Certificate2 serving = pki.EnsureServer(authority);
        using ServiceAccountKeys keys = ServiceAccountKeys.Load(pki.EnsureTokenKey());
        await using SqliteStore store = SqliteStore.Open(Path.Combine(folder, "store.db"), time);
        await using SimulatedDataPlane dataPlane = await SimulatedDataPlane.StartAsync(
            new SimulatedDataPlaneOptions
            {
                Simulation = new SimulationOptions { Name = name, Nodes = nodes, Time = time, Loggers = loggers },
                Store = store,
                Authority = authority,
                ServingCertificate = serving,
                ServiceAccountKeys = keys,
                Port = port,
            },
            cancellationToken).ConfigureAwait(false);
        await dataPlane.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
    }
}
