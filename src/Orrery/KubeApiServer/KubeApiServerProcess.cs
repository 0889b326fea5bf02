using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Orrery.Commands;
using Orrery.Installation;
using Orrery.KubeApiServer.Proxies;
using Orrery.Server;
using Orrery.Server.Authentication;
using Orrery.Server.Security;
using Orrery.Serving;
using Orrery.Storage;
using Orrery.Storage.Etcd;
using Orrery.Storage.Sqlite;

namespace Orrery.KubeApiServer;

/// <summary>An API server that stands in for a kube-apiserver: root alone, with the credentials of whoever starts it.</summary>
internal static class KubeApiServerProcess
{
    /// <summary>Runs until cancelled.</summary>
    public static async Task RunAsync(KubeApiServerOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        // 1. Keys and certificates, before anything is written to a store.
        ServingFiles serving = ServingFiles.Ensure(options, time);
        using X509Certificate2 certificate = serving.Certificate;
        using ServiceAccountKeys keys = TokenKeys(options);
        using CertificateAuthority? signer = Signer(options, time);

        // 2. The store.
        await using IStore store = await OpenAsync(options, loggers, time, cancellationToken).ConfigureAwait(false);

        // 3. The server.
        using var forwarder = new AddressForwarder();
        await using ApiServer server = await ApiServer.StartAsync(
            options.Access.Apply(new ApiServerOptions
            {
                Store = store,
                Address = options.Bind,
                Port = options.Port,
                ServingCertificate = certificate,
                ServingChain = serving.Chain,
                TlsProtocols = options.Tls.Protocols,
                CipherSuites = options.Tls.CipherSuites,
                RootCertificatePem = serving.RootPem,
                ClientCas = options.ClientCaFile is { } file ? Authorities(file) : [],
                ServiceAccountKeys = keys,
                Signer = signer,
                SigningDuration = options.SigningDuration,
                Issuers = options.Issuers,
                UnscopedCredentials = ClusterScope.Root,
                ServesVirtualClusters = false,
                AllowsAnonymous = options.AllowsAnonymous,
                Authorization = options.Authorization.Mode,
                Authorizers = options.Authorization.Chain,
                AuthorizersFile = options.Authorization.Followed,
                AllowsPrivileged = options.AllowsPrivileged,
                WithheldVersions = options.WithheldVersions,
                DisabledAdmissionPlugins = options.DisabledPlugins,
                RestrictsNodes = options.RestrictsNodes,
                DisabledControllers = options.DisabledControllers,
                StaticTokenFile = options.TokenFile,
                ServiceRange = options.ServiceRanges[0],
                SecondServiceRange = options.ServiceRanges.ElementAtOrDefault(1),
                AllowsBootstrapTokens = options.AllowsBootstrapTokens,
                NodePorts = options.NodePorts,
                MostRequests = options.MostRequests,
                QueuesRequests = options.QueuesRequests,
                EventLifetime = options.EventLifetime,
                SubresourceHandlers = [new PodAddressProxy(forwarder), new ServiceAddressProxy(forwarder)],
                AdvertiseAddress = options.Advertise,
                PublicUrl = options.Port == 0 ? null : new Uri($"https://{options.ExternalHost ?? Host(options.Advertise)}:{options.Port}"),
                TimeProvider = time,
                LoggerFactory = loggers,
            }),
            cancellationToken).ConfigureAwait(false);
        using IDisposable asked = MemoryReturn.Ask(server.ForgetPast);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<IStore> OpenAsync(KubeApiServerOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.Etcd is { } etcd)
        {
            return await EtcdBackup.OpenAsync(etcd with { TimeProvider = time, Waiting = loggers.CreateLogger(typeof(KubeApiServerProcess)).StoreWaits }, cancellationToken).ConfigureAwait(false);
        }

        DataDirectory.MakePrivate(options.DataDir);
        return SqliteStore.Open(Path.Combine(options.DataDir, "apiserver.db"), time);
    }

    private static ServiceAccountKeys TokenKeys(KubeApiServerOptions options)
    {
        string signing = options.SigningKeyFile ?? Path.Combine(options.CertDir, "service-account.key");
        try
        {
            if (options.SigningKeyFile is null && !File.Exists(signing))
            {
                PrivateFile.Write(signing, ServiceAccountKeys.NewKeyPem());
            }

            return ServiceAccountKeys.Load([File.ReadAllText(signing), .. options.KeyFiles.Select(File.ReadAllText)]);
        }
        catch (Exception fault) when (fault is ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"keys of service accounts: {fault.Message}", fault);
        }
    }

    private static X509Certificate2Collection Authorities(string file)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPemFile(file);
            return authorities.Count > 0 ? authorities : throw new CommandFailedException($"--client-ca-file: {file} holds no certificate");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            throw new CommandFailedException($"--client-ca-file: {fault.Message}", fault);
        }
    }

    private static CertificateAuthority? Signer(KubeApiServerOptions options, TimeProvider time)
    {
        if (options.SigningFiles is not { } files)
        {
            return null;
        }

        try
        {
            return CertificateAuthority.Load(File.ReadAllText(files.Certificate), File.ReadAllText(files.Key), time);
        }
        catch (Exception fault) when (fault is ArgumentException or IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            throw new CommandFailedException($"--cluster-signing-cert-file, --cluster-signing-key-file: {fault.Message}", fault);
        }
    }

    private static string Host(IPAddress address) => address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
}
