using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Crds;
using Orrery.Controllers.Usage;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Usage;

/// <summary>The hourly series as it is written, look by look.</summary>
public sealed class UsageControllerTests : IAsyncLifetime
{
    private readonly StandingClock clock = new();
    private readonly CancellationTokenSource stop = new();
    private TestServer server = null!;
    private KubeClient client = null!;
    private ControllerContext context = null!;
    private UsageController usage = null!;
    private Task informers = Task.CompletedTask;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        server = await TestServer.StartAsync(cancellationToken: Token);
        await CustomResourceInstaller.InstallAsync(server.Admin, TimeProvider.System, Token);
        await server.Admin.CreateAsync(OrreryResources.Tenants, "", Own("Tenant", "acme", new JsonObject()), Token);
        var options = new ControllersOptions { Api = server.Config(server.Certificate("orrery:controllers", [UserGroups.Masters], ClusterScope.All)), Time = clock };
        client = new KubeClient(options.Api, clock);
        context = new ControllerContext(client, options);
        usage = new UsageController(context);
        informers = context.RootInformers.RunAsync(stop.Token);
        await context.RootInformers.WaitForSyncAsync(Token);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await informers;
        client.Dispose();
        await server.DisposeAsync();
        stop.Dispose();
    }

    [Fact]
    public async Task Look_AtATenantThatUsesNothing_IsWrittenOnceAnHourAndCoversAllOfIt()
    {
        await LookAsync("10:00:00");
        string first = (await TodayAsync()).ResourceVersion;
        for (int minute = 1; minute < 60; minute++)
        {
            await LookAsync($"10:{minute:00}:00");
        }

        Assert.Equal(first, (await TodayAsync()).ResourceVersion);
        await LookAsync("11:00:00");

        Assert.Equal("""[{"hour":9,"seconds":60},{"hour":10,"seconds":3600}]""", Hours(await TodayAsync()));
        Assert.Equal("2026-03-01T11:00:00Z", (await TodayAsync()).TextAt("spec", "sampled"));
    }

    [Fact]
    public async Task Look_AtATenantThatBeginsToUse_WritesTheQuietTimeBeforeAsNothing()
    {
        await LookAsync("10:00:00");
        for (int minute = 1; minute <= 10; minute++)
        {
            await LookAsync($"10:{minute:00}:00");
        }

        await server.Admin.CreateAsync(CoreResources.Namespaces, "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "dp-a" } }, Token);
        await server.Admin.CreateAsync(OrreryResources.Tenancies, "dp-a", Own("Tenancy", "acme", new JsonObject()), Token);
        await server.Admin.PatchAsync(OrreryResources.Tenancies, "dp-a", "acme", PatchKind.Merge, new JsonObject { ["status"] = new JsonObject { ["usage"] = new JsonObject { ["requested"] = new JsonObject { ["cpu"] = "500m" } } } }, Token, "status");
        await Eventually.TrueAsync(
            () => context.RootInformers.For(OrreryResources.Tenancies).All().Any(t => t.At("status", "usage") is not null), "the controllers know of it", TimeSpan.FromSeconds(60), Token);
        await LookAsync("10:11:00");

        Assert.Equal("""[{"hour":9,"seconds":60},{"hour":10,"seconds":660,"requested":{"cpu":"30"}}]""", Hours(await TodayAsync()));
    }

    [Fact]
    public async Task Look_AfterControllersWereAwayForLong_CoversNoMoreThanItsOwnPace()
    {
        await LookAsync("10:00:00");
        await LookAsync("10:01:00");
        await LookAsync("10:20:00");

        Assert.Equal("""[{"hour":9,"seconds":60},{"hour":10,"seconds":120}]""", Hours(await TodayAsync()));
    }

    [Fact]
    public async Task Look_RequestsThatServersTold_AreSummedByTheHourAlsoOfTheDayBefore()
    {
        await LookAsync("23:59:00");
        string day = UsageDay.NameOf("acme", clock.Now);
        await TellAsync(day, "a", "22", 5);
        await TellAsync(day, "a", "23", 7);
        await TellAsync(day, "b", "23", 100);
        await SeenAsync(day, "b");
        await LookAsync("23:59:30");
        Assert.Equal([("22", 5), ("23", 107)], Requests(await server.Admin.GetAsync(OrreryResources.TenantUsages, "", day, Token)));

        // What a server told after midnight of the last hour before it.
        await TellAsync(day, "b", "23", 104);
        await TellAsync(day, "c", "23", 1);
        await SeenAsync(day, "c");
        clock.Now = clock.Now.AddMinutes(2);
        await usage.LookAsync(Token);

        Assert.Equal([("22", 5), ("23", 112)], Requests(await server.Admin.GetAsync(OrreryResources.TenantUsages, "", day, Token)));
    }

    /// <summary>A former leader that does not know yet that it is none: whoever comes second leaves its sample to the next look.</summary>
    [Fact]
    public async Task Look_OfTwoControlPlanesAtOneMoment_CountsEachMinuteOnce()
    {
        await server.Admin.CreateAsync(CoreResources.Namespaces, "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "dp-a" } }, Token);
        await server.Admin.CreateAsync(OrreryResources.Tenancies, "dp-a", Own("Tenancy", "acme", new JsonObject()), Token);
        await server.Admin.PatchAsync(OrreryResources.Tenancies, "dp-a", "acme", PatchKind.Merge, new JsonObject { ["status"] = new JsonObject { ["usage"] = new JsonObject { ["requested"] = new JsonObject { ["cpu"] = "500m" } } } }, Token, "status");
        using var otherClient = new KubeClient(context.Options.Api, clock);
        var otherContext = new ControllerContext(otherClient, context.Options);
        var other = new UsageController(otherContext);
        using var otherStop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task otherInformers = otherContext.RootInformers.RunAsync(otherStop.Token);
        await otherContext.RootInformers.WaitForSyncAsync(Token);
        foreach (ControllerContext one in (ControllerContext[])[context, otherContext])
        {
            await Eventually.TrueAsync(() => one.RootInformers.For(OrreryResources.Tenancies).All().Any(t => t.At("status", "usage") is not null), "the controllers know of it", TimeSpan.FromSeconds(60), Token);
        }

        for (int minute = 0; minute <= 20; minute++)
        {
            clock.Now = new DateTimeOffset(2026, 3, 1, 10, minute, 0, TimeSpan.Zero);
            await Task.WhenAll(usage.LookAsync(Token), other.LookAsync(Token));
        }

        await otherStop.CancelAsync();
        await otherInformers;
        await Eventually.TrueAsync(async () => context.RootInformers.For(OrreryResources.TenantUsages).Get(ClusterName.Root, "", "acme.2026-03-01")?.ResourceVersion == (await TodayAsync()).ResourceVersion, "all is known", TimeSpan.FromSeconds(60), Token);
        await LookAsync("10:21:00");
        Assert.Equal("""[{"hour":9,"seconds":60,"requested":{"cpu":"30"}},{"hour":10,"seconds":1260,"requested":{"cpu":"630"}}]""", Hours(await TodayAsync()));
    }

    private Task TellAsync(string day, string from, string hour, int requests) => server.Admin.PatchAsync(
        OrreryResources.TenantUsages, "", day, PatchKind.Merge,
        new JsonObject { ["spec"] = new JsonObject { ["requests"] = new JsonObject { [from] = new JsonObject { [hour] = requests } } } }, Token);

    private Task SeenAsync(string day, string from) => Eventually.TrueAsync(
        () => context.RootInformers.For(OrreryResources.TenantUsages).Get(ClusterName.Root, "", day)?.At("spec", "requests", from) is not null, "the controllers know of it", TimeSpan.FromSeconds(60), Token);

    private async Task LookAsync(string at)
    {
        clock.Now = DateTimeOffset.Parse($"2026-03-01T{at}Z", System.Globalization.CultureInfo.InvariantCulture);
        await usage.LookAsync(Token);
    }

    private Task<KubeObject> TodayAsync() => server.Admin.GetAsync(OrreryResources.TenantUsages, "", "acme.2026-03-01", Token);

    private static string Hours(KubeObject day) => day.ToJsonObject()["spec"]!["hours"]!.ToJsonString();

    private static IEnumerable<(string, int)> Requests(KubeObject day) => day.ToJsonObject()["spec"]!["hours"]!.AsArray()
        .Where(h => h!["apiRequests"] is not null).Select(h => (h!["hour"]!.ToJsonString(), (int)h["apiRequests"]!)).Order();

    private static JsonObject Own(string kind, string name, JsonObject spec) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = spec,
    };

    /// <summary>Waits are the system's; only what time it is stands still.</summary>
    private sealed class StandingClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
