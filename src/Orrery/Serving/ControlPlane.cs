using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Crds;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Controllers;
using Orrery.Hub;
using Orrery.Installation;
using Orrery.Server;
using Orrery.Server.Authentication;
using Orrery.Server.Registry;
using Orrery.Server.Security;
using Orrery.Storage;
using Orrery.Storage.Etcd;
using Orrery.Storage.Sqlite;
using Orrery.Telemetry;

namespace Orrery.Serving;

/// <summary>Puts a control plane together: store, API server, and the controllers that reach it as anybody else does.</summary>
internal static class ControlPlane
{
    /// <summary>Of the certificate by which a server knows another: it is made anew at each start.</summary>
    private static readonly TimeSpan ServerLifetime = TimeSpan.FromDays(3650);

    /// <summary>Runs until cancelled.</summary>
    /// <param name="etcd">Null keeps everything in a file of the data directory, which one process has to itself.</param>
    /// <param name="access">Who is let in beside the installation's own, what is recorded of it, and what is stored encrypted.</param>
    public static async Task RunAsync(
        DataDirectory directory, Settings settings, EtcdOptions? etcd, IPAddress address, AccessConfiguration access, ServerBounds bounds, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        Uri publicUrl = settings.PublicUrl ?? settings.Server;

        // 1. The store: everything durable. Servers that share one trust the same authority, or clients of one would be strangers to the other.
        var pki = new PkiFolder(directory.PkiFolder, time);
        using Authorities authorities = pki.EnsureAuthorities("orrery");
        CertificateAuthority authority = authorities.Signing;
        await using IStore store = etcd is null
            ? SqliteStore.Open(directory.StoreFile, time)
            : await OpenAsync(etcd with
            {
                TimeProvider = time, Waiting = loggers.CreateLogger(typeof(ControlPlane)).StoreWaits, Owner = authority.Fingerprint, FormerOwner = authorities.Serving.Fingerprint, NextOwner = authorities.Next?.Fingerprint,
            }, cancellationToken).ConfigureAwait(false);

        // 2. The API server.
        using X509Certificate2 serving = pki.EnsureServer(authorities.Serving, [address.ToString(), publicUrl.IdnHost]);
        using ServiceAccountKeys keys = ServiceAccountKeys.Load(pki.EnsureTokenKey());
        using OtlpExport? export = OtlpExport.Start("orrery-serve");
        using var metrics = new PrometheusText();
        var hub = new TunnelHub(new TunnelHubOptions { Time = time, Loggers = loggers });
        await using ApiServer server = await ApiServer.StartAsync(
            access.Apply(new ApiServerOptions
            {
                Store = store,
                Address = address,
                AlsoOnLoopback = true,
                Port = settings.Port,
                ServingCertificate = serving,
                ClientCas = authorities.Trusted(),
                ServiceAccountKeys = keys,
                Signer = authority,
                SigningDuration = bounds.SigningDuration,
                ExpiredCertificates = new ExpiredCertificates(OrreryNames.SatelliteGroup, JoinNames.ExpiredUserPrefix, JoinNames.ExpiredGroup),
                PublicUrl = publicUrl,
                Issuers = new TokenIssuers { Root = [publicUrl.GetLeftPart(UriPartial.Authority)] },
                WebhookAddresses = bounds.WebhookAddresses,
                DisabledControllers = bounds.DisabledControllers,
                FinalizersAtBirth = new Dictionary<GroupResource, string> { [OrreryResources.VirtualClusters.GroupResource] = OrreryNames.VirtualClusterFinalizer },
                NotesLastChange = new HashSet<GroupResource> { OrreryResources.Installations.GroupResource, OrreryResources.Applications.GroupResource },
                OrphansHeldInVirtualClusters = PlaceableKinds.WithDependents,
                VirtualClusterRoom = bounds.Room,
                AwaitedResources = static () => OrreryCrds.Resources,
                StoreReplaced = (replaced, token) => new RestoredAnnotation(
                    OrreryResources.DataPlanes.GroupResource, OrreryNames.RestoredAnnotation, Conditions.Time(time.GetUtcNow())).PutIntoAsync(replaced, token),
                MoreMetrics = metrics.Write,
                TimeProvider = time,
                LoggerFactory = loggers,
                SubresourceHandlers = hub.Handlers,
                GroupHandlers = hub.Groups,
            }),
            cancellationToken).ConfigureAwait(false);

        using IDisposable asked = MemoryReturn.Ask(server.ForgetPast);

        // Where it is reached is said once it is there: one that finds its store or its port taken changes nothing of what others go by.
        Credentials.EnsureControlPlane(directory, settings, time);
        Settings.KeepPublicUrl(directory, settings.PublicUrl);

        // 3. The controllers, through the same HTTPS as every other client. Where servers share a store, one of them runs them.
        var controllers = new ControllersOptions { Api = KubeConfig.Load(directory.ControllersKubeconfig), PublicUrl = publicUrl, ChartFolder = directory.ChartFolder, Time = time, Loggers = loggers };
        controllers = settings.LevelInterval is { } seconds ? controllers with { LevelInterval = TimeSpan.FromSeconds(seconds) } : controllers;
        Func<CancellationToken, Task> control = store is ILocalStore
            ? new OrreryControllers(controllers).RunAsync
            : new ControllersLease(controllers).RunAsync;

        // 4. The tunnels: which satellites are connected here, said to the others.
        using X509Certificate2 self = authority.IssueClient(OrreryNames.ServerUser, [UserGroups.Masters], ClusterScope.All, ServerLifetime).ToX509();

        // Whichever address a server has, its certificate is of the shared authority and names localhost.
        var tunnels = new HubAccess(new ClientConfig(controllers.Api.Server, authorities.Trusted(), self) { TlsServerName = "localhost" }, OwnAddress.Of(server.Url, address));
        await Together.RunAsync([control, token => hub.RunAsync(tunnels, token)], cancellationToken).ConfigureAwait(false);
    }

    private static async Task<IStore> OpenAsync(EtcdOptions etcd, CancellationToken cancellationToken)
    {
        try
        {
            return await EtcdBackup.OpenAsync(etcd, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException refused) when (refused.IsOfAnotherOwner)
        {
            throw new CommandFailedException($"{refused.Message}. Take theirs, 'orrery pki export' there and 'orrery pki import' into an empty data directory here, or another --etcd-prefix", refused);
        }
    }
}
