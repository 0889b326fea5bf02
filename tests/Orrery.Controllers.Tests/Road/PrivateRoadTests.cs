using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Tests.Joining;
using Orrery.Satellite;
using Orrery.Satellite.Joining;
using Orrery.Satellite.Private;
using Orrery.Server.Audit;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A tenant's own control plane beside a vendor that records every byte of every request and answer.</summary>
public sealed class PrivateRoadTests : IAsyncLifetime
{
    private const string Planted = "planted-7f3a-value";
    private const string PlantedPin = "90417526";
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("orrery-private-");
    private readonly CancellationTokenSource stop = new();
    private JoinWorld vendor = null!;
    private TestServer own = null!;
    private Task running = Task.CompletedTask;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Record => Path.Combine(folder.FullName, "audit.log");

    public async ValueTask InitializeAsync()
    {
        var audit = new AuditOptions { Policy = AuditPolicy.Parse("{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: RequestResponse}]}"), Path = Record };
        vendor = await JoinWorld.StartAsync(audit);
        await vendor.Root.CreateAsync(OrreryResources.Tenants, "", Own("Tenant", "acme", "{}"), Token);
        await vendor.Root.CreateAsync(OrreryResources.DataPlanes, "", Own("DataPlane", "acme-own", """{"access": "Private", "controlledBy": "Tenant", "tenants": ["acme"]}"""), Token);
        await vendor.Root.CreateAsync(OrreryResources.Applications, "", Own("Application", "shop", "{}"), Token);
        own = await TestServer.StartAsync(new TestServerOptions { Configure = o => o with { ServesVirtualClusters = false } }, Token);
        JoinInvitation invitation = await Eventually.SomeAsync(async () => await vendor.Root.FindAsync(CoreResources.Namespaces, "", "dp-acme-own", Token) is null ? null : await vendor.InviteAsync("acme-own"), "it is invited");
        running = RunAsync(invitation);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        await vendor.DisposeAsync();
        await own.DisposeAsync();
        stop.Dispose();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Secrets_OfTheTenant_NeverReachTheVendorHoweverTheyAreQuoted()
    {
        // 1. A release that puts the tenant's secrets into objects of every sort, and one of which the cluster quotes them in its refusal.
        await ReleaseAsync("shop-1", """
            [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "site"}, "data": {"key": "$(values.key)", "pin": "$(values.pin)"}},
             {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"key": "$(values.key)"}}]
            """);
        await ReleaseAsync("shop-2", """
            [{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "site"}, "spec": {"type": "$(values.key)", "clusterIP": "$(values.pin)", "ports": [{"port": 80}]}}]
            """);
        await Eventually.TrueAsync(async () => await own.Admin.FindAsync(CoreResources.Namespaces, "", "acme", Token) is not null, "the tenant has its namespace there", TimeSpan.FromSeconds(60), Token);
        await own.Admin.CreateAsync(Secrets, "acme", JsonNode.Parse($$$"""
            {"metadata": {"name": "keys"}, "stringData": {"values.yaml": "key: {{{Planted}}}\npin: \"{{{PlantedPin}}}\"\n"}}
            """)!.AsObject(), Token);
        await vendor.Root.CreateAsync(OrreryResources.Installations, "acme", Own("Installation", "shop", """
            {"application": "shop", "release": "shop-1", "valuesFrom": [{"kind": "Secret", "name": "keys"}], "placement": {"dataPlanes": ["acme-own"]}}
            """), Token);
        await ToldAsync("Running", "shop-1 runs");
        await Eventually.TrueAsync(
            async () => Conditions.Find(await vendor.Root.GetAsync(OrreryResources.DataPlanes, "", "acme-own", Token), "Permitted") is { Status: "True", Reason: "RightsGranted" },
            "the vendor sees what its cluster lets it do", TimeSpan.FromSeconds(60), Token);
        Assert.Equal(Planted, (await own.Admin.GetAsync(new GroupVersionResource("", "v1", "configmaps"), "acme-shop", "site", Token)).TextAt("data", "key"));

        // 2. The vendor is told what is wrong, and not with which value.
        await vendor.Root.PatchAsync(OrreryResources.Installations, "acme", "shop", PatchKind.Merge, JsonNode.Parse("""{"spec": {"release": "shop-2"}}""")!, Token);
        await ToldAsync("Failed", "(secret)");
        KubeObject there = await own.Admin.GetAsync(OrreryResources.Installations, "acme", "shop", Token);
        Assert.Contains("(secret)", there.Json.GetRawText(), StringComparison.Ordinal);
        Assert.Contains("Refused", (await vendor.Root.GetAsync(OrreryResources.Installations, "acme", "shop", Token)).Json.GetRawText(), StringComparison.Ordinal);
        KubeObject work = (await vendor.Root.ListAsync(OrreryResources.Works, "dp-acme-own", null, Token)).Items.Single(w => w.TextAt("spec", "manifest", "kind") == "Installation");
        Assert.All((string[])["inputs", "content", "attempt"], digest => Assert.Null(work.ToJsonObject()["status"]!["feedback"]!["dataPlanes"]![0]![digest]));

        // A field of another type is the release's fault too, and not waited for.
        await ReleaseAsync("shop-3", """[{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "site"}, "spec": {"ports": [{"port": "$(values.pin)"}]}}]""");
        await vendor.Root.PatchAsync(OrreryResources.Installations, "acme", "shop", PatchKind.Merge, JsonNode.Parse("""{"spec": {"release": "shop-3"}}""")!, Token);
        await ToldAsync("Failed", "expected numeric");

        // 3. All that went over the connection and all that was ever written at the vendor's is in its record. Nothing of it is a secret.
        string record = await ReadAsync();
        Assert.Contains(SatelliteUserName.Of(await vendor.DataPlaneAsync("acme-own")).ToString(), record, StringComparison.Ordinal);
        Assert.Contains("(secret)", record, StringComparison.Ordinal);
        foreach (string planted in (string[])[Planted, PlantedPin])
        {
            Assert.All(Forms(planted), form => Assert.DoesNotContain(form, record, StringComparison.Ordinal));
        }
    }

    /// <summary>As it is, and as base64 wherever in a longer text it began.</summary>
    private static IEnumerable<string> Forms(string text)
    {
        yield return text;
        yield return Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text));
        for (int shift = 0; shift < 3; shift++)
        {
            string encoded = Convert.ToBase64String([.. new byte[shift], .. Encoding.UTF8.GetBytes(text)]);
            yield return encoded[(shift == 0 ? 0 : 4)..^4];
        }
    }

    private async Task ToldAsync(string phase, string message)
    {
        KubeObject? told = null;
        try
        {
            await Eventually.TrueAsync(
                async () => (told = await vendor.Root.GetAsync(OrreryResources.Installations, "acme", "shop", Token)).TextAt("status", "phase") == phase
                    && told.At("status", "dataPlanes") is { ValueKind: System.Text.Json.JsonValueKind.Array } planes && planes.EnumerateArray().Any(p => new KubeObject(p).TextAt("message")?.Contains(message, StringComparison.Ordinal) == true),
                $"the vendor is told: {phase}, {message}", TimeSpan.FromSeconds(60), Token);
        }
        catch (TimeoutException e)
        {
            IEnumerable<string> there = (await own.Admin.ListAsync(OrreryResources.DataPlanes, "", null, Token)).Items.Concat((await own.Admin.ListAsync(OrreryResources.Installations, "", null, Token)).Items).Select(o => o.Json.GetRawText());
            throw new TimeoutException($"{e.Message}; told: {told?.At("status")?.GetRawText()}; there: {string.Join(' ', there)}", e);
        }
    }

    private async Task ReleaseAsync(string name, string manifests)
    {
        await vendor.Root.CreateAsync(OrreryResources.Releases, "", Own("Release", name, $$$"""{"application": "shop", "version": "{{{name[^1]}}}.0.0", "bundle": {"manifests": {"inline": {{{manifests}}} } } }"""), Token);
    }

    /// <summary>What <c>orrery private run</c> starts.</summary>
    private Task RunAsync(JoinInvitation invitation)
    {
        ClientConfig cluster = own.Config(own.Certificate("orrery-private", [UserGroups.Masters], ClusterScope.Root));
        var join = new JoinOptions
        {
            Invitation = _ => ValueTask.FromResult<JoinInvitation?>(invitation), CertificateLifetime = JoinWorld.Lifetime, LookInterval = TimeSpan.FromMilliseconds(100), PollInterval = TimeSpan.FromMilliseconds(50),
        };
        return Together.RunAsync(
            [
                new OrreryControllers(new ControllersOptions { Api = cluster, VirtualClusters = false }).RunAsync,
                new SatelliteAgent(new SatelliteOptions { DataPlane = "acme-own", ControlPlane = cluster, Cluster = cluster }).RunAsync,
                new PrivateAgent(new PrivateOptions { DataPlane = "acme-own", Tenant = "acme", Cluster = cluster, Join = join }).RunAsync,
            ],
            stop.Token);
    }

    private async Task<string> ReadAsync()
    {
        await using var file = new FileStream(Record, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync(Token);
    }

    private static JsonObject Own(string kind, string name, string spec) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = JsonNode.Parse(spec),
    };
}
