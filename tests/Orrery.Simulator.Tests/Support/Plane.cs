using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Machinery;
using Orrery.Server.Authentication;
using Orrery.Server.Security;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Simulator.Tests.Support;

/// <summary>A simulated data plane in this process with an administrator's client; may be stopped and started over the same store.</summary>
internal sealed class Plane : IAsyncDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    private readonly CertificateAuthority authority = CertificateAuthority.Create("simulated", Lifetime, TimeProvider.System);
    private readonly ServiceAccountKeys keys = ServiceAccountKeys.Load(ServiceAccountKeys.NewKeyPem());
    private readonly IStore store;
    private readonly X509Certificate2 serving;
    private readonly SimulationOptions options;
    private readonly TestLogs logs = new();
    private SimulatedDataPlane? running;
    private KubeClient? client;

    private Plane(SimulationOptions options)
    {
        this.options = options with { Loggers = logs };
        store = new MemoryStore(TimeProvider.System);
        serving = authority.IssueServer(["localhost"], [IPAddress.Loopback], Lifetime).ToX509();
    }

    public KubeClient Client => client!;

    public Uri Url => running!.Url;

    /// <summary>One whose containers take no time.</summary>
    public static readonly SimulationOptions Quick = new()
    {
        Name = "pa2-par", StartDelay = TimeSpan.FromMilliseconds(30), StopDelay = TimeSpan.FromMilliseconds(20), RunTime = TimeSpan.FromMilliseconds(100),
    };

    /// <param name="options">Null: <see cref="Quick"/>.</param>
    public static async Task<Plane> StartAsync(SimulationOptions? options = null)
    {
        var plane = new Plane(options ?? Quick);
        await plane.StartAgainAsync();
        return plane;
    }

    public async Task StartAgainAsync()
    {
        running = await SimulatedDataPlane.StartAsync(new SimulatedDataPlaneOptions
        {
            Simulation = options, Store = store, Authority = authority, ServingCertificate = serving, ServiceAccountKeys = keys,
        }, TestContext.Current.CancellationToken);
        client = new KubeClient(new ClientConfig(
            running.Url, [authority.Certificate()], authority.IssueClient("admin", [UserGroups.Masters], ClusterScope.Root, Lifetime).ToX509()));

        // Nodes come one after the other: a pod that is made before the last would share one of the first.
        await Eventually.TrueAsync(async () => (await ListAsync(Cluster.Known.Nodes)).Count(n => Conditions.IsTrue(n, "Ready")) == options.Nodes, "all nodes are ready");
    }

    public async Task StopAsync()
    {
        client!.Dispose();
        await running!.DisposeAsync();
        running = null;
    }

    public string Kubeconfig()
    {
        IssuedCertificate admin = authority.IssueClient("admin", [UserGroups.Masters], ClusterScope.Root, Lifetime);
        return KubeConfig.Render(new KubeConfigEntry("plane", Url, authority.CertificatePem, admin.CertificatePem, admin.KeyPem));
    }

    public Task<KubeObject> CreateAsync(GroupVersionResource resource, string yaml) =>
        Client.CreateAsync(resource, "default", YamlJson.Parse(yaml)!.AsObject(), TestContext.Current.CancellationToken);

    public Task<KubeObject?> FindAsync(GroupVersionResource resource, string name) =>
        Client.FindAsync(resource, resource.Resource is "nodes" or "persistentvolumes" ? "" : "default", name, TestContext.Current.CancellationToken);

    public Task<KubeObject> PatchAsync(GroupVersionResource resource, string name, string patch) =>
        Client.PatchAsync(resource, "default", name, PatchKind.Merge, JsonNode.Parse(patch)!, TestContext.Current.CancellationToken);

    public async Task<IReadOnlyList<KubeObject>> ListAsync(GroupVersionResource resource, string? selector = null) =>
        (await Client.ListAsync(resource, resource.Resource is "nodes" ? "" : "default", new ListQuery { LabelSelector = selector }, TestContext.Current.CancellationToken)).Items;

    public Task<KubeObject> UntilAsync(GroupVersionResource resource, string name, Predicate<KubeObject> condition, string what) =>
        Eventually.SomeAsync(
            async () => await FindAsync(resource, name) is { } found && condition(found) ? found : null, what, TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    public async Task<IReadOnlyList<KubeObject>> UntilPodsAsync(string selector, Predicate<IReadOnlyList<KubeObject>> condition, string what) =>
        await Eventually.SomeAsync(
            async () => await ListAsync(Cluster.Known.Pods, selector) is { } pods && condition(pods) ? pods : null, what, TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (running is not null)
        {
            await StopAsync();
        }

        await store.DisposeAsync();
        Assert.Empty(logs.Errors);
        serving.Dispose();
        keys.Dispose();
        authority.Dispose();
    }
}
