using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Registry;
using Orrery.Testing;

namespace Orrery.Server.Tests.Registry;

public sealed class ServiceFamilyTests
{
    private const string NotDual = "Service \"s\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services";

    [Theory]
    [InlineData("{}", "SingleStack IPv4 10.0.0.")]
    [InlineData("""{"ipFamilyPolicy":"PreferDualStack"}""", "PreferDualStack IPv4 10.0.0.")]
    [InlineData("""{"ipFamilyPolicy":"RequireDualStack"}""", NotDual)]
    [InlineData("""{"ipFamilies":["IPv6"]}""", "Service \"s\" is invalid: spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster")]
    [InlineData("""{"ipFamilies":["IPv4","IPv6"],"ipFamilyPolicy":"PreferDualStack"}""", "Service \"s\" is invalid: spec.ipFamilies[1]: Invalid value: \"IPv6\": not configured on this cluster")]
    [InlineData("""{"ipFamilies":["IPv4","IPv6"]}""", "Service \"s\" is invalid: spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified")]
    [InlineData("""{"clusterIP":"fd00::7"}""", "Service \"s\" is invalid: spec.clusterIPs[0]: Invalid value: [\"fd00::7\"]: IPv6 is not configured on this cluster")]
    [InlineData("""{"clusterIP":"None","selector":{"a":"b"}}""", "SingleStack IPv4 None")]
    [InlineData("""{"clusterIP":"None","selector":{"a":"b"},"ipFamilyPolicy":"RequireDualStack"}""", NotDual)]
    [InlineData("""{"clusterIP":"None"}""", "RequireDualStack IPv4,IPv6 None")]
    [InlineData("""{"clusterIP":"None","ipFamilies":["IPv6"]}""", "RequireDualStack IPv6,IPv4 None")]
    [InlineData("""{"clusterIP":"None","ipFamilies":["IPv6"],"ipFamilyPolicy":"SingleStack"}""", "SingleStack IPv6 None")]
    public Task Create_InAClusterOfOneFamily_IsOfThatOrRefused(string spec, string expected) => CreateAsync("10.0.0.0/24", null, spec, expected);

    [Theory]
    [InlineData("{}", "SingleStack IPv4 10.0.0.")]
    [InlineData("""{"ipFamilies":["IPv6"]}""", "SingleStack IPv6 fd00:1::")]
    [InlineData("""{"clusterIP":"fd00:1::7"}""", "SingleStack IPv6 fd00:1::7")]
    [InlineData("""{"ipFamilyPolicy":"PreferDualStack"}""", "PreferDualStack IPv4,IPv6 10.0.0. fd00:1::")]
    [InlineData("""{"ipFamilyPolicy":"RequireDualStack","ipFamilies":["IPv6"]}""", "RequireDualStack IPv6,IPv4 fd00:1:: 10.0.0.")]
    [InlineData("""{"ipFamilyPolicy":"RequireDualStack","clusterIPs":["10.0.0.9","fd00:1::9"],"clusterIP":"10.0.0.9"}""", "RequireDualStack IPv4,IPv6 10.0.0.9 fd00:1::9")]
    [InlineData("""{"clusterIP":"fd00:2::7"}""", "Service \"s\" is invalid: spec.clusterIPs: Invalid value: [\"fd00:2::7\"]: failed to allocate IP fd00:2::7: the provided network does not match the current range")]
    [InlineData("""{"clusterIP":"None","selector":{"a":"b"},"ipFamilyPolicy":"PreferDualStack"}""", "PreferDualStack IPv4,IPv6 None")]
    public Task Create_InAClusterOfBoth_HasAnAddressOfEachThatItWants(string spec, string expected) => CreateAsync("10.0.0.0/24", "fd00:1::/108", spec, expected);

    [Fact]
    public async Task Create_InAClusterOfIpV6_IsOfThat()
    {
        await using TestServer server = await StartAsync("fd00:1::/120", null);

        Assert.Equal("SingleStack IPv6", Families(await server.Admin.GetAsync(ServerFixture.Services, "default", "kubernetes", ServerFixture.Token)));
        await CreateAsync("fd00:1::/120", null, "{}", "SingleStack IPv6 fd00:1::");
    }

    [Fact]
    public async Task Update_OfThePolicy_GivesTheSecondAddressAndTakesItBack()
    {
        await using TestServer server = await StartAsync("10.0.0.0/24", "fd00:1::/108");
        KubeObject one = await server.Admin.CreateAsync(ServerFixture.Services, "default", Service("s", "{}"), ServerFixture.Token);

        KubeObject both = await PatchAsync("s", "RequireDualStack");
        StatusException taken = await Assert.ThrowsAsync<StatusException>(() => server.Admin.CreateAsync(
            ServerFixture.Services, "default", Service("t", $$"""{"clusterIP":"{{Addresses(both)[1].Replace("fd00:1:", "fd00:0001:0:", StringComparison.Ordinal)}}"}"""), ServerFixture.Token));
        KubeObject back = await PatchAsync("s", "SingleStack");
        KubeObject other = await server.Admin.CreateAsync(ServerFixture.Services, "default", Service("u", $$"""{"clusterIP":"{{Addresses(both)[1]}}"}"""), ServerFixture.Token);

        Assert.Equal((2, Addresses(one)[0]), (Addresses(both).Length, Addresses(both)[0]));
        Assert.Equal("RequireDualStack IPv4,IPv6", Families(both));
        Assert.Contains("provided IP is already allocated", taken.Message, StringComparison.Ordinal);
        Assert.Equal(Addresses(one), Addresses(back));
        Assert.Equal("SingleStack IPv4", Families(back));
        Assert.Equal([Addresses(both)[1]], Addresses(other));

        Task<KubeObject> PatchAsync(string name, string policy) => server.Admin.PatchAsync(
            ServerFixture.Services, "default", name, PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["ipFamilyPolicy"] = policy } }, ServerFixture.Token);
    }

    private static async Task CreateAsync(string range, string? second, string spec, string expected)
    {
        await using TestServer server = await StartAsync(range, second);
        try
        {
            KubeObject made = await server.Admin.CreateAsync(ServerFixture.Services, "default", Service("s", spec), ServerFixture.Token);
            string[] parts = expected.Split(' ');
            Assert.Equal($"{parts[0]} {parts[1]}", Families(made));
            Assert.Equal(parts.Length - 2, Addresses(made).Length);
            Assert.All(Addresses(made).Zip(parts.Skip(2)), pair => Assert.StartsWith(pair.Second, pair.First, StringComparison.Ordinal));
            Assert.Equal(made.TextAt("spec", "clusterIP"), Addresses(made)[0]);
        }
        catch (StatusException refused)
        {
            Assert.Equal(expected, refused.Message);
        }
    }

    private static Task<TestServer> StartAsync(string range, string? second) => TestServer.StartAsync(
        new TestServerOptions { Configure = options => options with { ServiceRange = ServiceRange.Parse(range), SecondServiceRange = second is null ? null : ServiceRange.Parse(second) } }, ServerFixture.Token);

    private static string Families(KubeObject service) =>
        $"{service.TextAt("spec", "ipFamilyPolicy")} {string.Join(',', service.At("spec", "ipFamilies")!.Value.EnumerateArray().Select(f => f.GetString()))}";

    private static string[] Addresses(KubeObject service) => [.. service.At("spec", "clusterIPs")!.Value.EnumerateArray().Select(a => a.GetString()!)];

    private static JsonObject Service(string name, string spec)
    {
        var wanted = (JsonObject)JsonNode.Parse(spec)!;
        wanted["ports"] = new JsonArray(new JsonObject { ["port"] = 80 });
        return new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = wanted };
    }
}
