using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Admission;
using Orrery.Server.Audit;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Server.CustomResources;
using Orrery.Server.Discovery;
using Orrery.Server.Fairness;
using Orrery.Server.Handlers;
using Orrery.Server.Metrics;
using Orrery.Server.OpenApi;
using Orrery.Server.Protection;
using Orrery.Server.Registry;
using Orrery.Server.Security;
using Orrery.Server.Upkeep;

namespace Orrery.Server;

/// <summary>The parts of one running server, made once at its start by <see cref="ServerComposition"/>.</summary>
internal sealed class ServerState : IAsyncDisposable
{
    public required ApiServerOptions Options { get; init; }

    public required CacheSet Caches { get; init; }

    public required ResourceCatalog Resources { get; init; }

    public required ObjectStore Objects { get; init; }

    public required AdmissionChain Admission { get; init; }

    public required ObjectVersions Versions { get; init; }

    public required ObjectCreation Creation { get; init; }

    public required ObjectUpdate Update { get; init; }

    public required ObjectDeletion Deletion { get; init; }

    /// <summary>For what the server itself writes.</summary>
    public required Writer Writer { get; init; }

    public required AccessControl Access { get; init; }

    public required RequestFairness Fairness { get; init; }

    public required FlowSchemas FlowSchemas { get; init; }

    public required StalledClients StalledClients { get; init; }

    public required RequestMetrics Metrics { get; init; }

    public required MetricsEndpoint MetricsEndpoint { get; init; }

    public required DiscoveryEndpoint Discovery { get; init; }

    public required OfferedGroups Groups { get; init; }

    public required OpenApiEndpoint OpenApi { get; init; }

    public HealthEndpoint Health => field ??= new HealthEndpoint(Caches, Awaited, Time, Stopping.Token);

    public required AwaitedResources Awaited { get; init; }

    public required AddressRecords AddressRecords { get; init; }

    public required OwnService OwnService { get; init; }

    public IssuerEndpoint Issuer => field ??= new IssuerEndpoint(Options.ServiceAccountKeys, Options.Issuers, Options.PublicUrl);

    /// <summary>Null where nothing is recorded.</summary>
    public AuditLog? Audit { get; init; }

    public required NameSource Names { get; init; }

    public SharedEncodings Encodings { get; } = new();

    public ByteBudget KeptLists { get; } = new(ProtobufList.MostKept);

    public required IReadOnlyDictionary<(GroupResource Resource, string Subresource), ISubresourceHandler> SubresourceHandlers { get; init; }

    /// <summary>Cancelled first when the server stops, so that watches and followed logs end before it waits for requests.</summary>
    public CancellationTokenSource Stopping { get; } = new();

    /// <summary>Set once, by the composition.</summary>
    public UpkeepRunner? Upkeep { get; set; }

    public TimeProvider Time => Options.TimeProvider;

    public ILoggerFactory Loggers => Options.LoggerFactory;

    public async ValueTask DisposeAsync()
    {
        if (Upkeep is not null)
        {
            await Upkeep.DisposeAsync();
        }

        Access.ProvidersFile?.Dispose();
        Access.AuthorizersFile?.Dispose();
        Access.Chain?.Dispose();
        Access.Providers.Dispose();

        // All requests have ended: their record is written out.
        await (Audit?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Caches.DisposeAsync();
        Stopping.Dispose();
    }
}
