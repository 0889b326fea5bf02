using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Admission;
using Orrery.Server.Admission.Certificates;
using Orrery.Server.Admission.Limits;
using Orrery.Server.Admission.Matching;
using Orrery.Server.Admission.Pods;
using Orrery.Server.Admission.PodSecurity;
using Orrery.Server.Admission.Policies;
using Orrery.Server.Admission.Quota;
using Orrery.Server.Admission.Volumes;
using Orrery.Server.Admission.Webhooks;
using Orrery.Server.Audit;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Server.CustomResources;
using Orrery.Server.Discovery;
using Orrery.Server.Fairness;
using Orrery.Server.Metrics;
using Orrery.Server.Encryption;
using Orrery.Server.OpenApi;
using Orrery.Server.Protection;
using Orrery.Server.Registry;
using Orrery.Server.Security;
using Orrery.Server.Upkeep;
using Orrery.Server.Webhooks;
using Orrery.Storage;

namespace Orrery.Server;

/// <summary>Puts the parts of a server together.</summary>
internal static class ServerComposition
{
    public static async Task<ServerState> ComposeAsync(ApiServerOptions options, CancellationToken cancellationToken)
    {
        ILoggerFactory loggers = options.LoggerFactory;
        TimeProvider time = options.TimeProvider;
        var names = new NameSource(options.Seed is { } seed ? new Random(seed) : new Random());

        // 1. State.
        IStore store = options.Encryption is { } encryption ? EncryptedStore.Over(options.Store, encryption) : options.Store;
        CacheSet? read = null;
        await FirstSteps.RunAsync(
            async () => read = await CacheSet.StartAsync(store, time, loggers.CreateLogger<CacheSet>(), cancellationToken, options.StoreReplaced), time, loggers.CreateLogger<CacheSet>(), cancellationToken);
        CacheSet caches = read!;
        var custom = new CustomResourceSet(caches);
        var resources = new ResourceCatalog(custom, options.ServesVirtualClusters, options.WithheldVersions);

        // 2. Who asks, and whether they may.
        var addresses = new AddressGuard(options.WebhookAddresses);
        AccessControl access = AccessControl.Create(
            new AuthenticationOptions
            {
                ClientAuthorities = options.ClientCas,
                FrontProxy = options.FrontProxy,
                AllowsBootstrapTokens = options.AllowsBootstrapTokens,
                RootCertificatePem = options.RootCertificatePem,
                TokenKeys = options.ServiceAccountKeys,
                Issuers = options.Issuers,
                Oidc = options.Oidc,
                ConfigurationFile = options.AuthenticationFile,
                UnscopedCredentials = options.UnscopedCredentials,
                ExpiredCertificates = options.ExpiredCertificates,
                AllowsAnonymous = options.AllowsAnonymous,
                Authorization = options.Authorization,
                Authorizers = options.Authorizers,
                AuthorizersFile = options.AuthorizersFile,
                StaticTokens = options.StaticTokenFile is { } file ? await File.ReadAllTextAsync(file, cancellationToken) : null,
            },
            caches, addresses, SetUpAt(caches, time), resources, time, loggers);
        var objects = new ObjectStore(caches, access.BaseLayer, access.Clusters);

        // 3. Writes.
        var seats = new FairQueue(options.Fairness.Bounded(options.MostRequests, options.QueuesRequests), time, access.Clusters.WeightOf);
        var webhooks = new WebhookClient(objects, addresses, time);
        var admissionMetrics = new AdmissionMetrics();
        var versions = new ObjectVersions(webhooks, seats, names, admissionMetrics, time);
        var facts = new AdmissionFacts(objects, resources, versions, access.Authorizer);
        var policies = new PolicyInvocations(facts, new PolicyParams(objects, resources));
        var limits = new LimitRanger(objects);
        var webhookCalls = new WebhookCalls(webhooks, facts, names, options.AdmissionConfiguration, admissionMetrics, time, loggers.CreateLogger<WebhookCalls>());
        var priority = new PodPriority(objects);
        var lifecycle = new NamespaceLifecycle(objects);
        var admission = new AdmissionChain(
            mutating:
            [
                lifecycle, new SigningRequestIdentity(time), new DeviceTaintTimes(time), limits, new ServiceAccountDefaults(objects, names),
                .. options.RestrictsNodes ? (IMutatingPlugin[])[new NodeRestriction(access.Objects, access.Authorizer)] : [], new NewNodeTaint(), new PodTopologyLabels(objects), priority, new DefaultTolerations(),
                DefaultClass.OfClaims(objects), new VolumeProtection(), new FinalizersAtBirth(options.FinalizersAtBirth), new RuntimeClassOverhead(objects), DefaultClass.OfIngresses(objects),
                PolicyPlugins.Mutating(caches, facts, policies), new MutatingWebhooks(caches, webhookCalls, seats), new ParamGuard(objects, resources, access.Authorizer), new RoleEscalation(access.RoleGuard),
                new LastChange(options.NotesLastChange, time), new MirroredMetadata(),
            ],
            validating:
            [
                limits, new PodSecurityAdmission(objects, options.AdmissionConfiguration.PodSecurity, time), priority, new ClaimResize(objects), new PrivilegedContainers(options.AllowsPrivileged),
                new CertificateApproval(access.Authorizer), new CertificateSigning(access.Authorizer), new CertificateSubjectRestriction(), new ProviderGuard(access.Authorizer, options.Issuers), new ReservedGroups(), new MirroredNodes(),
                PolicyPlugins.Validating(caches, facts, policies), new ValidatingWebhooks(caches, webhookCalls, seats), lifecycle,
            ],
            admissionMetrics, time).Without(options.DisabledAdmissionPlugins);
        IReadOnlyList<ServiceRange> serviceRanges = options.SecondServiceRange is { } second ? [options.ServiceRange, second] : [options.ServiceRange];
        var addressRecords = new AddressRecords(caches, names, time);
        var serviceAddresses = new ServiceAddresses(caches, new ServiceRanges(caches, serviceRanges), addressRecords, options.NodePorts, names);
        var quotas = new QuotaLedger(objects, options.AdmissionConfiguration.LimitedResources, !options.DisabledAdmissionPlugins.Contains("ResourceQuota"), time);
        var creation = new ObjectCreation(objects, versions, admission, serviceAddresses, quotas, options.VirtualClusterRoom, time, names);
        var update = new ObjectUpdate(objects, versions, admission, serviceAddresses, quotas, options.VirtualClusterRoom, creation, time);
        var deletion = new ObjectDeletion(objects, versions, admission, serviceAddresses, time);
        var writer = new Writer(creation, update, deletion);

        // 4. What follows from writes.
        var namespaces = new NamespaceFollowUp(objects, writer);
        var root = new RootNamespaces(objects, writer);
        var definitions = new DefinitionFollowUp(objects, writer, time);
        var quotaCount = new QuotaCount(caches, writer, time);
        creation.FollowUps = [.. options.DisabledControllers.Contains(ControllerNames.ServiceAccounts) ? (IFollowUp[])[] : [namespaces], definitions, quotaCount];

        // 5. What every request passes.
        var fairness = new RequestFairness(seats, caches, resources, time);
        var metrics = new RequestMetrics(time);
        var flows = new FlowMetrics();

        var groups = new OfferedGroups(options.GroupHandlers);

        var state = new ServerState
        {
            Options = options,
            Caches = caches,
            Resources = resources,
            Awaited = AwaitedResources.Of(options, caches),
            Objects = objects,
            Admission = admission,
            Versions = versions,
            Creation = creation,
            Update = update,
            Deletion = deletion,
            Writer = writer,
            Access = access,
            Fairness = fairness,
            FlowSchemas = new FlowSchemas(caches, access.BaseLayer, flows),
            StalledClients = new StalledClients(options.Patience, time, loggers.CreateLogger<StalledClients>()),
            Metrics = metrics,
            MetricsEndpoint = new MetricsEndpoint(caches, metrics, admissionMetrics, fairness, flows, access.Clusters, options.MoreMetrics),
            Discovery = new DiscoveryEndpoint(resources, groups, BuiltinResources.Instance.HasGroup, options.PublicUrl?.Authority ?? $"{options.Address}:{options.Port}"),
            Groups = groups,
            OpenApi = new OpenApiEndpoint(resources, time),
            Names = names,
            Audit = options.Audit is { } audit ? new AuditLog(audit, time, loggers) : null,
            AddressRecords = addressRecords,
            OwnService = new OwnService(caches, objects, writer, serviceRanges, new OwnServiceRange(caches, objects, writer, serviceRanges, time, loggers.CreateLogger<OwnServiceRange>()), time, loggers.CreateLogger<OwnService>()),
            SubresourceHandlers = options.SubresourceHandlers.ToDictionary(h => (h.Resource, h.Subresource)),
        };
        state.Upkeep = new UpkeepRunner(state, writer, custom, namespaces, root, definitions, quotaCount);
        return state;
    }

    /// <summary>When this installation was first started: its oldest namespace is made then.</summary>
    private static DateTimeOffset SetUpAt(CacheSet caches, TimeProvider time)
    {
        CachedObject? first = caches.For(new GroupResource("", "namespaces")).Current.Get(StoreKey.Of(new GroupResource("", "namespaces"), ClusterName.Root, "", "kube-system"));
        return first is null ? time.GetUtcNow() : KubeObject.Parse(first.Json.Span).CreationTimestamp ?? time.GetUtcNow();
    }
}
