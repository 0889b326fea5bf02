using System.Text.Json.Nodes;
using Orrery.Api;

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
    public async Task Update_WithoutAddress_KeepsIt()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject first = await fixture.Admin.CreateAsync(ServerFixture.Services, ns, Service("a", "NodePort"), ServerFixture.Token);

        KubeObject second = await fixture.Admin.UpdateAsync(ServerFixture.Services, ns, "a", Service("a", "NodePort"), ServerFixture.Token);

        Assert.Equal(first.TextAt("spec", "clusterIP"), second.TextAt("spec", "clusterIP"));
        Assert.Equal(NodePort(first), NodePort(second));
    }

    private static long NodePort(KubeObject service) => service.At("spec", "ports")!.Value[0].GetProperty("nodePort").GetInt64();

    private static JsonObject Service(string name, string type) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject { ["type"] = type, ["ports"] = new JsonArray(new JsonObject { ["port"] = 80 }) },
    };
}
