using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Server.Admission;
using Orrery.Server.Audit;
using Orrery.Server.Authentication;
using Orrery.Server.Authentication.Oidc;
using Orrery.Server.Authorization;
using Orrery.Server.Authorization.Webhook;
using Orrery.Server.Clusters;
using Orrery.Server.Fairness;
using Orrery.Server.Encryption;
using Orrery.Server.Handlers;
using Orrery.Server.Registry;
using Orrery.Server.Security;
using Orrery.Storage;

namespace Orrery.Server;

/// <summary>What an <see cref="ApiServer"/> is started with.</summary>
public sealed record ApiServerOptions
{
    /// <summary>Durable state. The server does not dispose it.</summary>
    public required IStore Store { get; init; }

    /// <summary>What is encrypted before it reaches <see cref="Store"/>; null: nothing.</summary>
    public EncryptionConfiguration? Encryption { get; init; }

    /// <summary>
    /// Called when somebody has put another state into <see cref="Store"/> while the server runs (<see cref="ReplacedException"/>), before any of it is served; given the store as the server
    /// sees it, to write into. Called again when it fails. Null does nothing.
    /// </summary>
    public Func<IStore, CancellationToken, Task>? StoreReplaced { get; init; }

    /// <summary>More for root's <c>/metrics</c>, in the Prometheus text format: what runs in this process beside the server. Null adds nothing.</summary>
    public Func<string>? MoreMetrics { get; init; }

    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>Also listens on the loopback interface, at the same port, where <see cref="Address"/> is one of another interface: for whoever works with the server on its own machine.</summary>
    public bool AlsoOnLoopback { get; init; }

    /// <summary>TCP port; zero takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>With its private key.</summary>
    public required X509Certificate2 ServingCertificate { get; init; }

    /// <summary>Certificates between <see cref="ServingCertificate"/> and its authority.</summary>
    public X509Certificate2Collection ServingChain { get; init; } = [];

    /// <summary>Versions of TLS that are spoken; <see cref="SslProtocols.None"/> leaves it to the system.</summary>
    public SslProtocols TlsProtocols { get; init; }

    /// <summary>Cipher suites that are offered; null leaves it to the system. Only where the system's TLS can be told (not on Windows).</summary>
    public IReadOnlyList<TlsCipherSuite>? CipherSuites { get; init; }

    /// <summary>Issuers of the client certificates that are accepted.</summary>
    public required X509Certificate2Collection ClientCas { get; init; }

    /// <summary>See <see cref="AuthenticationOptions.FrontProxy"/>.</summary>
    public FrontProxyOptions? FrontProxy { get; init; }

    /// <summary>See <see cref="AuthenticationOptions.AllowsBootstrapTokens"/>.</summary>
    public bool AllowsBootstrapTokens { get; init; }

    /// <summary>Who has issued <see cref="ServingCertificate"/>, as PEM: what <c>kube-root-ca.crt</c> of every namespace holds. Null: <see cref="ClientCas"/>.</summary>
    public string? RootCertificatePem { get; init; }

    /// <summary>Sign and verify service account tokens.</summary>
    public required ServiceAccountKeys ServiceAccountKeys { get; init; }

    /// <summary>File of <c>token,user,uid,"group1,group2"[,cluster]</c> lines; null for none.</summary>
    public string? StaticTokenFile { get; init; }

    /// <summary>Signs approved requests for client certificates; null leaves them to somebody else. Not disposed.</summary>
    public CertificateAuthority? Signer { get; init; }

    /// <summary>The longest that what <see cref="Signer"/> signs may hold, whatever a request asks for; a year by default. kube-controller-manager's <c>--cluster-signing-duration</c>.</summary>
    public TimeSpan SigningDuration { get; init; } = TimeSpan.FromDays(365);

    /// <summary>How the server's own tokens name it.</summary>
    public TokenIssuers Issuers { get; init; } = TokenIssuers.Default;

    /// <summary>See <see cref="AuthenticationOptions.UnscopedCredentials"/>.</summary>
    public ClusterScope? UnscopedCredentials { get; init; }

    /// <summary>See <see cref="AuthenticationOptions.ExpiredCertificates"/>.</summary>
    public ExpiredCertificates? ExpiredCertificates { get; init; }

    /// <summary>False serves root alone.</summary>
    public bool ServesVirtualClusters { get; init; } = true;

    /// <summary>The most that each virtual cluster may hold.</summary>
    public ClusterRoom VirtualClusterRoom { get; init; } = ClusterRoom.Default;

    /// <summary>See <see cref="AuthenticationOptions.AllowsAnonymous"/>.</summary>
    public bool AllowsAnonymous { get; init; } = true;

    public AuthorizationMode Authorization { get; init; }

    /// <summary>See <see cref="AuthenticationOptions.Authorizers"/>.</summary>
    public AuthorizationConfiguration? Authorizers { get; init; }

    /// <summary>See <see cref="AuthenticationOptions.AuthorizersFile"/>.</summary>
    public FollowedAuthorizers? AuthorizersFile { get; init; }

    /// <summary>Built-in API versions that are not served, as <c>group/version</c>, or <c>v1</c> for core; see <see cref="BuiltinVersions"/>.</summary>
    public IReadOnlySet<string> WithheldVersions { get; init; } = new HashSet<string>();

    /// <summary>Every built-in API version there is.</summary>
    public static IEnumerable<string> BuiltinVersions => ResourceCatalog.BuiltinVersions;

    /// <summary>Whether pods, and templates of them, may have privileged containers.</summary>
    public bool AllowsPrivileged { get; init; } = true;

    /// <summary>Whether kubelets are held to what is theirs: the admission plugin NodeRestriction, which upstream leaves off by itself.</summary>
    public bool RestrictsNodes { get; init; }

    /// <summary>Names, as upstream has them, of admission plugins that are left out.</summary>
    public IReadOnlySet<string> DisabledAdmissionPlugins { get; init; } = new HashSet<string>();

    /// <summary>What admission plugins are told, in every cluster.</summary>
    public AdmissionConfiguration AdmissionConfiguration { get; init; } = AdmissionConfiguration.None;

    /// <summary>Upkeep that is left out; see <see cref="Upkeep.ControllerNames"/>.</summary>
    public IReadOnlySet<string> DisabledControllers { get; init; } = Upkeep.ControllerNames.OffUnlessNamed;

    /// <summary>
    /// Resources of virtual clusters whose objects, deleted with <c>--cascade=orphan</c>, keep the finalizer <c>orphan</c> until somebody else takes it: what they own is not all in the
    /// cluster. Their dependents there are let go of by this server as ever, which it then says by an annotation (<c>orrery.dev/orphaned</c>). Empty for none.
    /// </summary>
    public IReadOnlySet<GroupResource> OrphansHeldInVirtualClusters { get; init; } = new HashSet<GroupResource>();

    /// <summary>
    /// Finalizers that objects of root are made with, by their resource: of controllers that clean up before such an object goes, and would otherwise write each once more, at once after it
    /// was made. Whoever names one here takes it away again, or such objects stay for ever. Empty for none.
    /// </summary>
    public IReadOnlyDictionary<GroupResource, string> FinalizersAtBirth { get; init; } = new Dictionary<GroupResource, string>();

    /// <summary>
    /// Resources of root whose objects note, in annotations that nobody else can write, who changed last what is wanted of them, and when (<see cref="Orrery.Api.Kinds.OrreryNames.ChangedByAnnotation"/>). Empty for none.
    /// </summary>
    public IReadOnlySet<GroupResource> NotesLastChange { get; init; } = new HashSet<GroupResource>();

    /// <summary>How requests share the server.</summary>
    internal FairnessOptions Fairness { get; init; } = new();

    /// <summary>Requests under way at once, of one cluster as of all; zero for no bound, null for what suits the number of processors.</summary>
    public int? MostRequests { get; init; }

    /// <summary>Requests beyond that wait for their turn; false sends them away at once.</summary>
    public bool QueuesRequests { get; init; } = true;

    /// <summary>For how long Events are kept after they were last written; zero for ever.</summary>
    public TimeSpan EventLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>For how long a client may take nothing of its answer before it is cut off.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>See <see cref="AuthenticationOptions.Oidc"/>.</summary>
    public OidcOptions? Oidc { get; init; }

    /// <summary>An AuthenticationConfiguration, followed as it changes; null for none. Not together with <see cref="Oidc"/>.</summary>
    public string? AuthenticationFile { get; init; }

    /// <summary>What is recorded of requests; null: nothing.</summary>
    public AuditOptions? Audit { get; init; }

    /// <summary>Where the cluster IPs of Services come from.</summary>
    public ServiceRange ServiceRange { get; init; } = ServiceRange.Default;

    /// <summary>
    /// Where those of the other address family come from; null: Services are of one family. By default they may be of both, as these addresses lead nowhere: what a Service of a
    /// virtual cluster really has, its data planes say.
    /// </summary>
    public ServiceRange? SecondServiceRange { get; init; } = ServiceRange.DefaultIpV6;

    /// <summary>Where their node ports come from.</summary>
    public NodePortRange NodePorts { get; init; } = NodePortRange.Default;

    /// <summary>What the endpoints of each cluster's Service <c>kubernetes</c> name, with the port listened on. Null: what <see cref="PublicUrl"/> says.</summary>
    public IPAddress? AdvertiseAddress { get; init; }

    /// <summary>How clients reach the server; null takes the address listened on.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>What webhooks of virtual clusters may reach beside public addresses. Webhooks of root reach anything.</summary>
    public IReadOnlyList<IPNetwork> WebhookAddresses { get; init; } = [];

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Seed of generated names; null takes one from the system's entropy.</summary>
    public int? Seed { get; init; }

    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Subresources that something beside the server serves, such as <c>pods/log</c>.</summary>
    public IReadOnlyList<ISubresourceHandler> SubresourceHandlers { get; init; } = [];

    /// <summary>
    /// Custom resources that somebody installs in root at its first start: until root serves all of them, <c>/readyz</c> says no. Asked for when
    /// somebody asks that; null waits for none. Where servers share a store that has custom resources already, none is waited for.
    /// </summary>
    public Func<IEnumerable<GroupResource>>? AwaitedResources { get; init; }

    /// <summary>Groups that something beside the server serves, such as <c>metrics.k8s.io</c>.</summary>
    public IReadOnlyList<IGroupHandler> GroupHandlers { get; init; } = [];
}
