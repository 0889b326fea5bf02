using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Cache;
using Orrery.Server.Registry;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Server.Tests.Registry;

/// <summary>The IPAddresses of Services and the ServiceCIDRs that they are taken from.</summary>
public sealed class AddressRecordTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource Addresses = new("networking.k8s.io", "v1", "ipaddresses");
    private static readonly GroupVersionResource Ranges = new("networking.k8s.io", "v1", "servicecidrs");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Get_OfAFreshCluster_HasTheServersOwn(bool isVirtual)
    {
        using KubeClient cluster = await ClientAsync("fresh", isVirtual);

        KubeObject range = await cluster.GetAsync(Ranges, "", "kubernetes", ServerFixture.Token);
        KubeObject address = await cluster.GetAsync(Addresses, "", "10.96.0.1", ServerFixture.Token);

        Assert.Equal("""["10.96.0.0/12","fd00:10:96::/108"]""", range.At("spec", "cidrs")!.Value.GetRawText());
        Assert.Equal(("Ready", "True", "Kubernetes default Service CIDR is ready"), Condition(range));
        Assert.Equal("""{"parentRef":{"resource":"services","namespace":"default","name":"kubernetes"}}""", address.At("spec")!.Value.GetRawText());
        Assert.Contains(await NamesAsync(cluster), n => n == "10.96.0.1");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Service_FromItsBirthToItsEnd_HasAnAddressOfItsOwn(bool isVirtual)
    {
        using KubeClient cluster = await ClientAsync("life", isVirtual);
        string ns = await fixture.NamespaceAsync(cluster);

        string address = await CreateAsync(cluster, ns, "a");
        KubeObject record = await cluster.GetAsync(Addresses, "", address, ServerFixture.Token);
        Assert.Equal("{\"parentRef\":{\"resource\":\"services\",\"namespace\":\"" + ns + "\",\"name\":\"a\"}}", record.At("spec")!.Value.GetRawText());
        Assert.Equal(("IPv4", "ipallocator.k8s.io"), (record.Labels["ipaddress.kubernetes.io/ip-family"], record.Labels["ipaddress.kubernetes.io/managed-by"]));
        Assert.Equal("kube-apiserver", record.At("metadata", "managedFields")!.Value[0].GetProperty("manager").GetString());

        // 1. One that needs none any more.
        var external = new JsonObject { ["spec"] = new JsonObject { ["type"] = "ExternalName", ["externalName"] = "example.com", ["clusterIP"] = null, ["clusterIPs"] = null } };
        await cluster.PatchAsync(ServerFixture.Services, ns, "a", PatchKind.Merge, external, ServerFixture.Token);
        Assert.DoesNotContain(address, await NamesAsync(cluster));

        // 2. One that is deleted.
        string second = await CreateAsync(cluster, ns, "b");
        await cluster.DeleteAsync(ServerFixture.Services, ns, "b", null, ServerFixture.Token);
        Assert.DoesNotContain(second, await NamesAsync(cluster));

        // 3. One that waited for a finalizer.
        string third = await CreateAsync(cluster, ns, "c", "example.com/hold");
        await cluster.DeleteAsync(ServerFixture.Services, ns, "c", null, ServerFixture.Token);
        Assert.Contains(third, await NamesAsync(cluster));
        await cluster.PatchAsync(ServerFixture.Services, ns, "c", PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } }, ServerFixture.Token);
        Assert.DoesNotContain(third, await NamesAsync(cluster));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Delete_OfAnAddressThatAServiceHas_BringsItBack(bool isVirtual)
    {
        using KubeClient cluster = await ClientAsync("back", isVirtual);
        string ns = await fixture.NamespaceAsync(cluster);
        string mine = await CreateAsync(cluster, ns, "a");

        foreach (string address in (string[])[mine, "10.96.0.1"])
        {
            string before = (await cluster.GetAsync(Addresses, "", address, ServerFixture.Token)).ResourceVersion;
            await cluster.DeleteAsync(Addresses, "", address, null, ServerFixture.Token);
            await Eventually.TrueAsync(async () => await cluster.FindAsync(Addresses, "", address, ServerFixture.Token) is { } back && (address == "10.96.0.1" || back.ResourceVersion != before), $"{address} is back", cancellationToken: ServerFixture.Token);
        }

        await cluster.DeleteAsync(Ranges, "", "kubernetes", null, ServerFixture.Token);
        await Eventually.TrueAsync(async () => await cluster.FindAsync(Ranges, "", "kubernetes", ServerFixture.Token) is { } range && Condition(range).Status == "True", "the ServiceCIDR is back", cancellationToken: ServerFixture.Token);
    }

    [Fact]
    public async Task Create_OfAnAddressThatSomebodyHolds_IsRefusedAndNotGiven()
    {
        await using TestServer server = await StartAsync("10.0.0.0/29", new MemoryStore(TimeProvider.System));
        foreach (int last in (int[])[2, 3, 4, 5])
        {
            await server.Admin.CreateAsync(Addresses, "", Held($"10.0.0.{last}"), ServerFixture.Token);
        }

        JsonObject asks = Service("asks");
        asks["spec"]!["clusterIP"] = "10.0.0.3";
        StatusException taken = await Assert.ThrowsAsync<StatusException>(() => server.Admin.CreateAsync(ServerFixture.Services, "default", asks, ServerFixture.Token));
        string given = await CreateAsync(server.Admin, "default", "a");
        StatusException full = await Assert.ThrowsAsync<StatusException>(() => server.Admin.CreateAsync(ServerFixture.Services, "default", Service("b"), ServerFixture.Token));

        Assert.Equal("Service \"asks\" is invalid: spec.clusterIPs: Invalid value: [\"10.0.0.3\"]: failed to allocate IP 10.0.0.3: provided IP is already allocated", taken.Message);
        Assert.Equal("10.0.0.6", given);
        Assert.Equal("Internal error occurred: failed to allocate a serviceIP: range is full", full.Message);
    }

    [Fact]
    public async Task Create_WhereTheRangeIsFull_TakesOfAFurtherOneWhichStaysAsLong()
    {
        await using TestServer server = await StartAsync("10.0.0.0/29", new MemoryStore(TimeProvider.System));
        for (int i = 0; i < 5; i++)
        {
            await CreateAsync(server.Admin, "default", $"s{i}");
        }

        JsonObject more = ServerFixture.Named("more");
        more["spec"] = new JsonObject { ["cidrs"] = new JsonArray("10.7.0.0/24") };
        await server.Admin.CreateAsync(Ranges, "", more, ServerFixture.Token);
        KubeObject ready = await Eventually.SomeAsync(
            async () => await server.Admin.GetAsync(Ranges, "", "more", ServerFixture.Token) is var now && Condition(now).Status == "True" ? now : null, "it is ready", cancellationToken: ServerFixture.Token);
        string address = await CreateAsync(server.Admin, "default", "further");
        await server.Admin.DeleteAsync(Ranges, "", "more", null, ServerFixture.Token);
        KubeObject held = await Eventually.SomeAsync(
            async () => await server.Admin.GetAsync(Ranges, "", "more", ServerFixture.Token) is var now && Condition(now).Status == "False" ? now : null, "it is held", cancellationToken: ServerFixture.Token);
        StatusException full = await Assert.ThrowsAsync<StatusException>(() => server.Admin.CreateAsync(ServerFixture.Services, "default", Service("late"), ServerFixture.Token));
        await server.Admin.DeleteAsync(ServerFixture.Services, "default", "further", null, ServerFixture.Token);
        await Eventually.TrueAsync(async () => await server.Admin.FindAsync(Ranges, "", "more", ServerFixture.Token) is null, "it is gone", cancellationToken: ServerFixture.Token);

        Assert.Equal(["networking.k8s.io/service-cidr-finalizer"], ready.Finalizers);
        Assert.StartsWith("10.7.0.", address, StringComparison.Ordinal);
        Assert.Equal("There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR", Condition(held).Message);
        Assert.Equal(500, full.Code);
    }

    /// <summary>Services from before they were written with their IPAddresses, and IPAddresses whose Services went without them.</summary>
    [Fact]
    public async Task Start_OnAStoreOfBefore_PutsRightWhatIsMissingAndWhatIsLeft()
    {
        var clock = new ShiftedTime();
        await using var store = new MemoryStore(clock);
        string kept, left;
        await using (TestServer first = await StartAsync("10.0.0.0/24", store, clock))
        {
            kept = await CreateAsync(first.Admin, "default", "kept");
            left = await CreateAsync(first.Admin, "default", "left");
        }

        await DropAsync(AddressRecords.Definition.KeyOf(ClusterName.Root, "", kept));
        await DropAsync(StoreKey.Of(new GroupResource("", "services"), ClusterName.Root, "default", "left"));
        clock.Shift = TimeSpan.FromMinutes(2);
        await using TestServer second = await StartAsync("10.0.0.0/24", store, clock);

        await Eventually.TrueAsync(
            async () => (await NamesAsync(second.Admin)).SequenceEqual(((string[])["10.0.0.1", kept]).Order(StringComparer.Ordinal)), "each Service has its IPAddress, and nothing else has", cancellationToken: ServerFixture.Token);

        async Task DropAsync(string key)
        {
            Storage.StoredValue there = (await store.GetAsync(key, ServerFixture.Token))!;
            Assert.True((await store.CommitAsync(new Storage.Transaction([new Storage.Condition(key, there.ModRevision)], [new Storage.Write(key, null)]), ServerFixture.Token)).Succeeded);
        }
    }

    private static JsonObject Service(string name)
    {
        JsonObject service = ServerFixture.Named(name);
        service["spec"] = new JsonObject { ["ports"] = new JsonArray(new JsonObject { ["port"] = 80 }) };
        return service;
    }

    private static JsonObject Held(string address)
    {
        JsonObject record = ServerFixture.Named(address);
        record["spec"] = new JsonObject { ["parentRef"] = new JsonObject { ["group"] = "example.com", ["resource"] = "gateways", ["name"] = "mine" } };
        return record;
    }

    private static (string? Type, string? Status, string? Message) Condition(KubeObject range) =>
        range.At("status", "conditions") is { } all && all.GetArrayLength() == 1 ? (Text(all[0], "type"), Text(all[0], "status"), Text(all[0], "message")) : default;

    private static string? Text(System.Text.Json.JsonElement condition, string member) => condition.GetProperty(member).GetString();

    private static async Task<string> CreateAsync(KubeClient cluster, string ns, string name, params string[] finalizers)
    {
        JsonObject service = Service(name);
        service.Metadata["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]);
        return (await cluster.CreateAsync(ServerFixture.Services, ns, service, ServerFixture.Token)).TextAt("spec", "clusterIP")!;
    }

    private static async Task<string[]> NamesAsync(KubeClient cluster) => [.. (await cluster.ListAsync(Addresses, "", null, ServerFixture.Token)).Items.Select(i => i.Name)];

    private static Task<TestServer> StartAsync(string range, Storage.IStore store, TimeProvider? time = null) => TestServer.StartAsync(
        new TestServerOptions { Store = store, TimeProvider = time ?? TimeProvider.System, Configure = options => options with { ServiceRange = ServiceRange.Parse(range) } }, ServerFixture.Token);

    private async Task<KubeClient> ClientAsync(string name, bool isVirtual) =>
        isVirtual ? fixture.Server.AdminOf(await fixture.ClusterAsync(name)) : new KubeClient(fixture.Server.Config(token: fixture.Server.AdminToken(ClusterName.Root)));
}
