using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.CustomResources;
using Orrery.Server.Encryption;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>All upkeep of one server: what every Kubernetes cluster does by itself, for all clusters at once.</summary>
internal sealed class UpkeepRunner(ServerState server, Writer writer, CustomResourceSet custom, NamespaceFollowUp namespaces, RootNamespaces root, DefinitionFollowUp definitions, QuotaCount quotas) : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private Task running = Task.CompletedTask;

    /// <summary>Makes what root must have, then starts everything else.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var roles = new BootstrapRoles(server.Caches, server.Access.BaseLayer, server.Access.Clusters, server.Loggers.CreateLogger<BootstrapRoles>());
        await FirstSteps.RunAsync(
            async () =>
            {
                await root.EnsureAsync(cancellationToken);
                await roles.ReconcileAsync(cancellationToken);
            },
            server.Time, server.Loggers.CreateLogger<UpkeepRunner>(), cancellationToken);
        running = Task.WhenAll(Tasks().Where(t => t.Controller is null || !server.Options.DisabledControllers.Contains(t.Controller)).Select(t => RunAsync(t.Run)));
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
    }

    /// <summary>With the name by which one may be left out; null: the server itself needs it.</summary>
    private IEnumerable<(string? Controller, Func<CancellationToken, Task> Run)> Tasks()
    {
        CacheSet caches = server.Caches;
        TimeProvider time = server.Time;
        ILoggerFactory logs = server.Loggers;
        yield return (ControllerNames.ServiceAccounts, new FollowUpTask(caches, new GroupResource("", "namespaces"), namespaces, time, logs.CreateLogger<NamespaceFollowUp>()).RunAsync);
        string authority = server.Options.RootCertificatePem ?? NamespaceContents.Pem(server.Options.ClientCas);
        var certificates = new RootCertificates(server.Objects, writer, authority);
        yield return (ControllerNames.RootCertificates, new FollowUpTask(caches, new GroupResource("", "namespaces"), certificates, time, logs.CreateLogger<RootCertificates>()).RunAsync);
        yield return (ControllerNames.RootCertificates, new ReturningContents(
            caches, server.Objects, server.Access.Clusters, new GroupResource("", "configmaps"), NamespaceContents.CertificateName, certificates, time, logs.CreateLogger<RootCertificates>()).RunAsync);
        yield return (ControllerNames.ServiceAccounts, new ReturningContents(
            caches, server.Objects, server.Access.Clusters, new GroupResource("", "serviceaccounts"), NamespaceContents.AccountName, namespaces, time, logs.CreateLogger<NamespaceFollowUp>()).RunAsync);
        yield return (ControllerNames.ServiceAccountTokens, new TokenSecrets(
            caches, server.Access.Objects, writer, new AccessTokens(server.Options.ServiceAccountKeys, time, server.Options.Issuers), server.Access.Clusters, authority, time, logs.CreateLogger<TokenSecrets>()).RunAsync);
        yield return (null, new ClusterClosing(caches, [server.Access.Clusters, server.Access.Rbac, server.Access.Providers, server.Admission, custom], time, logs.CreateLogger<ClusterClosing>()).RunAsync);
        yield return (null, new ClusterPurge(caches, writer, time, logs.CreateLogger<ClusterPurge>()).RunAsync);
        yield return (null, new DefinitionCleanup(caches, writer, definitions, time, logs.CreateLogger<DefinitionCleanup>()).RunAsync);
        yield return (ControllerNames.Namespaces, new NamespaceDeletion(caches, server.Objects, server.Resources, writer, time, logs.CreateLogger<NamespaceDeletion>()).RunAsync);
        yield return (ControllerNames.GarbageCollection, new GarbageCollector(caches, server.Objects, server.Resources, writer, server.Options.OrphansHeldInVirtualClusters, time, logs.CreateLogger<GarbageCollector>()).RunAsync);
        yield return (ControllerNames.ResourceQuotas, new QuotaUsage(caches, quotas, time, logs.CreateLogger<QuotaUsage>()).RunAsync);
        yield return (ControllerNames.ClaimProtection, new ClaimRelease(caches, writer, time, logs.CreateLogger<ClaimRelease>()).RunAsync);
        yield return (ControllerNames.VolumeProtection, new VolumeRelease(caches, writer, time, logs.CreateLogger<VolumeRelease>()).RunAsync);
        yield return (ControllerNames.PolicyStatus, new PolicyTypeChecking(caches, server.Resources, writer, time, logs.CreateLogger<PolicyTypeChecking>()).RunAsync);
        yield return (null, new ApiServiceStatus(caches, writer, time, logs.CreateLogger<ApiServiceStatus>()).RunAsync);
        yield return (null, new FlowSchemaLinks(caches, server.Objects, writer, time, logs.CreateLogger<FlowSchemaLinks>()).RunAsync);
        foreach (string resource in (string[])["flowschemas", "prioritylevelconfigurations"])
        {
            yield return (null, new RestoredObjects(caches, new GroupResource(FlowControlObjects.Group, resource), time, logs.CreateLogger<RestoredObjects>()).RunAsync);
        }

        foreach (ResourceDefinition resource in (ResourceDefinition[])[ServiceRanges.Definition, AddressRecords.Definition])
        {
            yield return (null, new RestoredObjects(caches, resource.GroupResource, time, logs.CreateLogger<RestoredObjects>()).RunAsync);
        }

        yield return (null, server.OwnService.RunAsync);
        yield return (null, new AddressRepair(caches, server.Objects, server.AddressRecords, time, logs.CreateLogger<AddressRepair>()).RunAsync);
        yield return (null, new AddressCleanup(caches, server.Objects, writer, time, logs.CreateLogger<AddressCleanup>()).RunAsync);
        yield return (ControllerNames.ServiceRanges, new ServiceRangeStatus(caches, server.Objects, writer, time, logs.CreateLogger<ServiceRangeStatus>()).RunAsync);
        bool isPlain = server.Options.UnscopedCredentials is { Cluster.IsRoot: true };
        if (isPlain || server.Options.FrontProxy is not null)
        {
            yield return (null, new PublishedTrust(caches, server.Objects, writer, isPlain ? server.Options.ClientCas : [], server.Options.FrontProxy, time, logs.CreateLogger<PublishedTrust>()).RunAsync);
        }

        if (server.Options.EventLifetime > TimeSpan.Zero)
        {
            yield return (null, new EventExpiry(caches, server.Options.EventLifetime, time, logs.CreateLogger<EventExpiry>()).RunAsync);
        }

        yield return (ControllerNames.RoleAggregation, server.Access.RoleAggregation.RunAsync);
        yield return (ControllerNames.CertificateCleaning, new SigningRequestExpiry(caches, time, logs.CreateLogger<SigningRequestExpiry>()).RunAsync);
        yield return (ControllerNames.TokenCleaning, new BootstrapTokenExpiry(caches, writer, time, logs.CreateLogger<BootstrapTokenExpiry>()).RunAsync);
        if (server.Options.Signer is { } signer)
        {
            yield return (ControllerNames.CertificateSigning, new CertificateSigner(caches, writer, server.Access.Clusters, signer, server.Options.SigningDuration, time, logs.CreateLogger<CertificateSigner>()).RunAsync);
        }

        if (caches.Store is EncryptedStore encrypted)
        {
            yield return (null, new EncryptionRotation(encrypted, time, logs.CreateLogger<EncryptionRotation>()).RunAsync);
        }
    }

    private async Task RunAsync(Func<CancellationToken, Task> task)
    {
        try
        {
            await Task.Run(() => task(stopping.Token));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server stops.
        }
        catch (Exception fault)
        {
            server.Loggers.CreateLogger<UpkeepRunner>().Ended(fault);
        }
    }
}
