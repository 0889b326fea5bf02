using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.CustomResources;
using Orrery.Server.Encryption;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>All upkeep of one server: what every Kubernetes cluster does by itself, for all clusters at once.</summary>
internal sealed class UpkeepRunner(ServerState server, Writer writer, CustomResourceSet custom, NamespaceFollowUp namespaces, ClusterFollowUp clusters, DefinitionFollowUp definitions, QuotaCount quotas) : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private Task running = Task.CompletedTask;

    /// <summary>Makes what root must have, then starts everything else.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await clusters.EnsureAsync(ClusterName.Root, cancellationToken);
        running = Task.WhenAll(Tasks().Select(RunAsync));
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await running;
        stopping.Dispose();
    }

    private IEnumerable<Func<CancellationToken, Task>> Tasks()
    {
        CacheSet caches = server.Caches;
        TimeProvider time = server.Time;
        ILoggerFactory logs = server.Loggers;
        yield return new FollowUpTask(caches, new GroupResource("", "namespaces"), namespaces, time, logs.CreateLogger<NamespaceFollowUp>()).RunAsync;
        string authority = server.Options.RootCertificatePem ?? NamespaceContents.Pem(server.Options.ClientCas);
        yield return new RootCertificates(caches, server.Objects, writer, authority, time, logs.CreateLogger<RootCertificates>()).RunAsync;
        yield return new FollowUpTask(caches, LogicalClusterResource.Definition.GroupResource, clusters, time, logs.CreateLogger<ClusterFollowUp>()).RunAsync;
        yield return new ClusterClosing(caches, time, logs.CreateLogger<ClusterClosing>()).RunAsync;
        yield return new ClusterPurge(caches, writer, custom, time, logs.CreateLogger<ClusterPurge>()).RunAsync;
        yield return new DefinitionCleanup(caches, writer, custom, definitions, time, logs.CreateLogger<DefinitionCleanup>()).RunAsync;
        yield return new NamespaceDeletion(caches, server.Objects, server.Resources, writer, time, logs.CreateLogger<NamespaceDeletion>()).RunAsync;
        yield return new GarbageCollector(caches, server.Objects, server.Resources, writer, time, logs.CreateLogger<GarbageCollector>()).RunAsync;
        yield return new QuotaUsage(caches, quotas, time, logs.CreateLogger<QuotaUsage>()).RunAsync;
        yield return new ClaimRelease(caches, writer, time, logs.CreateLogger<ClaimRelease>()).RunAsync;
        yield return new VolumeRelease(caches, writer, time, logs.CreateLogger<VolumeRelease>()).RunAsync;
        yield return new EventExpiry(caches, time).RunAsync;
        yield return server.Access.RoleAggregation.RunAsync;
        yield return new SigningRequestExpiry(caches, time).RunAsync;
        if (server.Options.Signer is { } signer)
        {
            yield return new CertificateSigner(caches, writer, server.Access.Clusters, signer, time, logs.CreateLogger<CertificateSigner>()).RunAsync;
        }

        if (caches.Store is EncryptedStore encrypted)
        {
            yield return new EncryptionRotation(encrypted, time, logs.CreateLogger<EncryptionRotation>()).RunAsync;
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
