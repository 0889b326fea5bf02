using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Registry;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Storage.Sqlite;
using Orrery.Testing;

namespace Orrery.Server.Tests.Registry;

public sealed class ServiceAddressTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Create_ManyAtOnce_GetAddressesOfTheirOwn()
    {
        string ns = await fixture.NamespaceAsync();

        KubeObject[] made = await Task.WhenAll(Enumerable.Range(0, 40).Select(i =>
            fixture.Admin.CreateAsync(ServerFixture.Services, ns, Service($"s{i}", "NodePort"), ServerFixture.Token)));

        Assert.Equal(40, made.Select(s => s.TextAt("spec", "clusterIP")).Distinct().Count());
        Assert.Equal(40, made.Select(NodePort).Distinct().Count());
        Assert.All(made, s => Assert.InRange(NodePort(s), 30000, 32767));
    }

    [Fact]
    public async Task Create_AddressThatIsTaken_IsRefused()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject first = await fixture.Admin.CreateAsync(ServerFixture.Services, ns, Service("a", "ClusterIP"), ServerFixture.Token);
        JsonObject second = Service("b", "ClusterIP");
        second["spec"]!["clusterIP"] = first.TextAt("spec", "clusterIP");

        StatusException fault = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.CreateAsync(ServerFixture.Services, ns, second, ServerFixture.Token));

        Assert.Equal(422, fault.Code);
    }

    [Fact]
    public async Task Create_SameAddressAtOnce_IsGivenToOne()
    {
        string ns = await fixture.NamespaceAsync();
        string free = (await fixture.Admin.CreateAsync(ServerFixture.Services, ns, Service("a", "ClusterIP"), ServerFixture.Token)).TextAt("spec", "clusterIP")!;
        await fixture.Admin.DeleteAsync(ServerFixture.Services, ns, "a", null, ServerFixture.Token);

        for (int round = 0; round < 10; round++)
        {
            bool[] made = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
            {
                JsonObject service = Service($"s{round}-{i}", "ClusterIP");
                service["spec"]!["clusterIP"] = free;
                try
                {
                    await fixture.Admin.CreateAsync(ServerFixture.Services, ns, service, ServerFixture.Token);
                    return true;
                }
                catch (StatusException e) when (e.Code == 422)
                {
                    return false;
                }
            }));

            int winner = Array.IndexOf(made, true);
            Assert.Single(made, true);
            await fixture.Admin.DeleteAsync(ServerFixture.Services, ns, $"s{round}-{winner}", null, ServerFixture.Token);
        }
    }

    /// <summary>On a disk, where one write is still under way when the next comes.</summary>
    [Fact]
    public async Task Patch_BySeveralAtOnce_IsNotHeldAgainstItsOwnAddress()
    {
        using var directory = new TempDirectory();
        await using SqliteStore store = SqliteStore.Open(Path.Combine(directory.Path, "store.db"), TimeProvider.System);
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { Store = store }, ServerFixture.Token);
        KubeObject made = await server.Admin.CreateAsync(ServerFixture.Services, "default", Service("a", "NodePort"), ServerFixture.Token);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(async writer =>
        {
            for (int i = 0; i < 10; i++)
            {
                var labels = new JsonObject { [$"l{writer}"] = $"{i}" };
                await server.Admin.PatchAsync(ServerFixture.Services, "default", "a", PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = labels } }, ServerFixture.Token);
            }
        }));

        KubeObject after = await server.Admin.GetAsync(ServerFixture.Services, "default", "a", ServerFixture.Token);
        Assert.Equal(["9", "9", "9", "9"], Enumerable.Range(0, 4).Select(writer => after.Labels[$"l{writer}"]));
        Assert.Equal((made.TextAt("spec", "clusterIP"), NodePort(made)), (after.TextAt("spec", "clusterIP"), NodePort(after)));
    }

    /// <summary>As many Services as there are addresses, so that servers meet at every one of them.</summary>
    [Fact]
    public async Task Create_ThroughTwoServersOfOneStoreAtOnce_GetAddressesOfTheirOwn()
    {
        await using var store = new MemoryStore(TimeProvider.System);
        await using var one = new StoreOfSeveral(store);
        await using var other = new StoreOfSeveral(store);
        await using TestServer first = await StartAsync(one), second = await StartAsync(other);

        KubeObject[] made = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            (i % 2 == 0 ? first : second).Admin.CreateAsync(ServerFixture.Services, "default", Service($"s{i}", "NodePort"), ServerFixture.Token)));
        KubeObject changed = await first.Admin.PatchAsync(
            ServerFixture.Services, "default", "s1", PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["type"] = "LoadBalancer", ["externalTrafficPolicy"] = "Local" } }, ServerFixture.Token);
        StatusException full = await Assert.ThrowsAsync<StatusException>(async () =>
        {
            await first.Admin.CreateAsync(ServerFixture.Services, "default", Service("last", "ClusterIP"), ServerFixture.Token);
            await first.Admin.CreateAsync(ServerFixture.Services, "default", Service("toomany", "ClusterIP"), ServerFixture.Token);
            await first.Admin.CreateAsync(ServerFixture.Services, "default", Service("toomany2", "ClusterIP"), ServerFixture.Token);
        });

        Assert.Equal(12, made.Select(s => s.TextAt("spec", "clusterIP")).Distinct().Count());
        Assert.Equal(12, made.Select(NodePort).Distinct().Count());
        Assert.InRange(changed.NumberAt("spec", "healthCheckNodePort")!.Value, 30000, 32767);
        Assert.Equal((500, "Internal error occurred: failed to allocate a serviceIP: range is full"), (full.Code, full.Message));

        static Task<TestServer> StartAsync(IStore store) => TestServer.StartAsync(
            new TestServerOptions { Store = store, Configure = options => options with { ServiceRange = ServiceRange.Parse("10.0.0.0/28") } }, ServerFixture.Token);
    }

    [Fact]
    public async Task Create_WithARangeOfPorts_GetsOneOfThem()
    {
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { Configure = options => options with { NodePorts = new NodePortRange(20000, 20001) } }, ServerFixture.Token);
        JsonObject outside = Service("c", "NodePort");
        outside["spec"]!["ports"]![0]!["nodePort"] = 20002;

        long[] given = [NodePort(await CreateAsync(Service("a", "NodePort"))), NodePort(await CreateAsync(Service("b", "NodePort")))];
        StatusException fault = await Assert.ThrowsAsync<StatusException>(() => CreateAsync(outside));

        Assert.Equal([20000, 20001], given.Order());
        Assert.Equal("Service \"c\" is invalid: spec.ports[0].nodePort: Invalid value: 20002: provided port is not in the valid range. The range of valid ports is 20000-20001", fault.Message);

        Task<KubeObject> CreateAsync(JsonObject service) => server.Admin.CreateAsync(ServerFixture.Services, "default", service, ServerFixture.Token);
    }

    /// <summary>A name server is reached by both protocols at one port of each node; what one Service has, no other gets by another protocol.</summary>
    [Fact]
    public async Task Create_OfOnePortByTwoProtocols_HasOneNodePort()
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject dns = Service("dns", "NodePort"), other = Service("other", "NodePort");
        dns["spec"]!["ports"] = new JsonArray(Port("udp", "UDP"), Port("tcp", "TCP"));

        KubeObject made = await fixture.Admin.CreateAsync(ServerFixture.Services, ns, dns, ServerFixture.Token);
        other["spec"]!["ports"]![0]!["nodePort"] = NodePort(made);
        other["spec"]!["ports"]![0]!["protocol"] = "SCTP";
        StatusException taken = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.CreateAsync(ServerFixture.Services, ns, other, ServerFixture.Token));

        Assert.Equal(NodePort(made), made.At("spec", "ports")!.Value[1].GetProperty("nodePort").GetInt64());
        Assert.Contains("provided port is already allocated", taken.Message, StringComparison.Ordinal);

        static JsonObject Port(string name, string protocol) => new() { ["name"] = name, ["port"] = 53, ["protocol"] = protocol };
    }

    /// <summary>Whoever wants none given may still ask for one.</summary>
    [Fact]
    public async Task Create_BalancedWithoutNodePorts_HasThoseItAskedFor()
    {
        string ns = await fixture.NamespaceAsync();
        long free = NodePort(await fixture.Admin.CreateAsync(ServerFixture.Services, ns, Service("a", "NodePort"), ServerFixture.Token));
        JsonObject balanced = Service("b", "LoadBalancer");
        balanced["spec"]!["allocateLoadBalancerNodePorts"] = false;
        balanced["spec"]!["ports"]!.AsArray().Add(new JsonObject { ["name"] = "other", ["port"] = 81, ["nodePort"] = free });
        balanced["spec"]!["ports"]![0]!["name"] = "first";

        StatusException taken = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.CreateAsync(ServerFixture.Services, ns, balanced.DeepClone().AsObject(), ServerFixture.Token));
        await fixture.Admin.DeleteAsync(ServerFixture.Services, ns, "a", null, ServerFixture.Token);
        KubeObject made = await fixture.Admin.CreateAsync(ServerFixture.Services, ns, balanced, ServerFixture.Token);

        Assert.Contains("spec.ports[1].nodePort", taken.Message, StringComparison.Ordinal);
        Assert.False(made.At("spec", "ports")!.Value[0].TryGetProperty("nodePort", out _));
        Assert.Equal(free, made.At("spec", "ports")!.Value[1].GetProperty("nodePort").GetInt64());
    }

    [Fact]
    public async Task Update_WithoutAddress_KeepsIt()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject first = await fixture.Admin.CreateAsync(ServerFixture.Services, ns, Service("a", "NodePort"), ServerFixture.Token);

        KubeObject second = await fixture.Admin.UpdateAsync(ServerFixture.Services, ns, "a", Service("a", "NodePort"), ServerFixture.Token);

        Assert.Equal(first.TextAt("spec", "clusterIP"), second.TextAt("spec", "clusterIP"));
        Assert.Equal(NodePort(first), NodePort(second));
    }

    [Fact]
    public async Task Patch_OfTheTypeAlone_LetsGoOfWhatTheNewOneCannotHave()
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject balanced = Service("a", "LoadBalancer");
        balanced["spec"]!["externalTrafficPolicy"] = "Local";
        KubeObject first = await fixture.Admin.CreateAsync(ServerFixture.Services, ns, balanced, ServerFixture.Token);

        KubeObject plain = await fixture.Admin.PatchAsync(ServerFixture.Services, ns, "a", PatchKind.Strategic, Type("ClusterIP"), ServerFixture.Token);
        KubeObject named = await fixture.Admin.PatchAsync(
            ServerFixture.Services, ns, "a", PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["type"] = "ExternalName", ["externalName"] = "example.com" } }, ServerFixture.Token);

        Assert.InRange(first.NumberAt("spec", "healthCheckNodePort")!.Value, 30000, 32767);
        Assert.NotEqual(first.NumberAt("spec", "healthCheckNodePort"), NodePort(first));
        Assert.Equal(first.TextAt("spec", "clusterIP"), plain.TextAt("spec", "clusterIP"));
        Assert.False(plain.At("spec", "ports")!.Value[0].TryGetProperty("nodePort", out _));
        Assert.Equal(
            ["clusterIP", "clusterIPs", "internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy", "ports", "sessionAffinity", "type"],
            plain.At("spec")!.Value.EnumerateObject().Select(m => m.Name).Order(StringComparer.Ordinal));
        Assert.Null(named.TextAt("spec", "clusterIP"));
    }

    [Fact]
    public async Task Update_ToAName_GivesBackTheAddressThatIsTakenOut()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject first = await fixture.Admin.CreateAsync(ServerFixture.Services, ns, Service("a", "ClusterIP"), ServerFixture.Token);
        JsonObject changed = first.ToJsonObject();
        changed["spec"]!["type"] = "ExternalName";
        changed["spec"]!["externalName"] = "example.com";
        changed["spec"]!["clusterIP"] = "";

        KubeObject named = await fixture.Admin.UpdateAsync(ServerFixture.Services, ns, "a", changed, ServerFixture.Token);

        Assert.Equal(["externalName", "ports", "sessionAffinity", "type"], named.At("spec")!.Value.EnumerateObject().Select(m => m.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Patch_OfTheTypeWithANodePortOfItsOwn_IsRefused()
    {
        string ns = await fixture.NamespaceAsync();
        long given = NodePort(await fixture.Admin.CreateAsync(ServerFixture.Services, ns, Service("a", "NodePort"), ServerFixture.Token));
        JsonObject patch = Type("ClusterIP");
        patch["spec"]!["ports"] = new JsonArray(new JsonObject { ["port"] = 80, ["nodePort"] = given == 32767 ? 30000 : given + 1 });

        StatusException fault = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.PatchAsync(ServerFixture.Services, ns, "a", PatchKind.Strategic, patch, ServerFixture.Token));

        Assert.StartsWith("Service \"a\" is invalid: spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Patch_OfTheAddressAlone_IsRefusedAsAChangeOfIt()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Services, ns, Service("a", "ClusterIP"), ServerFixture.Token);

        StatusException fault = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.PatchAsync(
            ServerFixture.Services, ns, "a", PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["clusterIP"] = "None" } }, ServerFixture.Token));
        KubeObject same = await fixture.Admin.PatchAsync(
            ServerFixture.Services, ns, "a", PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["clusterIP"] = "" } }, ServerFixture.Token);

        Assert.Equal("Service \"a\" is invalid: spec.clusterIPs[0]: Invalid value: [\"None\"]: may not change once set", fault.Message);
        Assert.NotEmpty(same.TextAt("spec", "clusterIP")!);
    }

    private static JsonObject Type(string type) => new() { ["spec"] = new JsonObject { ["type"] = type } };

    private static long NodePort(KubeObject service) => service.At("spec", "ports")!.Value[0].GetProperty("nodePort").GetInt64();

    private static JsonObject Service(string name, string type) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject { ["type"] = type, ["ports"] = new JsonArray(new JsonObject { ["port"] = 80 }) },
    };
}
