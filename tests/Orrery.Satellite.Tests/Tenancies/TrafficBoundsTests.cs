using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Satellite.Tenancies;

namespace Orrery.Satellite.Tests.Tenancies;

/// <summary>What is left of what a tenant's own NetworkPolicy lets out.</summary>
public sealed class TrafficBoundsTests
{
    private static readonly Tenancy Acme = new("acme") { IsolatesNetwork = true, AllowedNamespaces = ["ingress"] };

    [Theory]
    [InlineData("169.254.169.254/32")]
    [InlineData("10.0.0.0/8")]
    [InlineData("10.20.30.40/16")]
    [InlineData("192.168.7.0/24")]
    [InlineData("fd00::/64")]
    [InlineData("::ffff:10.0.0.1/128")]
    [InlineData("nonsense")]
    public void Hold_BlockInsideTheDataPlane_LetsNothingOut(string cidr) =>
        Assert.Equal("""{"kind":"NetworkPolicy","spec":{"egress":[]}}""", Held($$"""[{"to": [{"ipBlock": {"cidr": "{{cidr}}"} }]}]"""));

    [Theory]
    [InlineData("203.0.113.0/24", "", "")]
    [InlineData("0.0.0.0/0", "", "10.0.0.0/8,100.64.0.0/10,169.254.0.0/16,172.16.0.0/12,192.168.0.0/16")]
    [InlineData("172.0.0.0/8", "", "172.16.0.0/12")]
    [InlineData("0.0.0.0/1", "8.8.8.0/24,10.0.0.0/8", "8.8.8.0/24,10.0.0.0/8,100.64.0.0/10")]
    [InlineData("::/0", "", "fc00::/7,fe80::/10")]
    public void Hold_BlockOutside_LeavesOutWhatIsInside(string cidr, string except, string wanted)
    {
        JsonObject policy = Policy($$"""[{"to": [{"ipBlock": {"cidr": "{{cidr}}"{{(except.Length == 0 ? "" : $$""", "except": [{{string.Join(',', except.Split(',').Select(e => $"\"{e}\""))}}]""")}} } }]}]""");

        TrafficBounds.Hold(policy, Acme);

        JsonNode block = policy["spec"]!["egress"]![0]!["to"]![0]!["ipBlock"]!;
        Assert.Equal(cidr, (string?)block["cidr"]);
        Assert.Equal(wanted, string.Join(',', (block["except"] as JsonArray ?? []).Select(e => (string?)e)));
    }

    [Theory]
    [InlineData("[{}]")]
    [InlineData("""[{"to": []}]""")]
    public void Hold_RuleToEverybody_IsToWhomTheGuardAllows(string egress)
    {
        JsonObject policy = Policy(egress);

        TrafficBounds.Hold(policy, Acme);

        Assert.True(JsonNode.DeepEquals(TenantGuards.Peers("acme", ["ingress"]), policy["spec"]!["egress"]![0]!["to"]));
    }

    [Fact]
    public void Hold_OtherPeersPortsAndRules_StayAsTheyAre() => Assert.Equal(
        """{"kind":"NetworkPolicy","spec":{"egress":[{"to":[{"podSelector":{}}],"ports":[{"port":53}]},{"to":[{"namespaceSelector":{}}]}]}}""",
        Held("""[{"to": [{"podSelector": {} }, {"ipBlock": {"cidr": "10.1.0.0/16"} }], "ports": [{"port": 53}]}, {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"} }]}, {"to": [{"namespaceSelector": {} }]}]"""));

    [Fact]
    public void Hold_NetworkNotIsolated_LeavesThePolicyAlone()
    {
        JsonObject policy = Policy("[{}]");

        TrafficBounds.Hold(policy, Acme with { IsolatesNetwork = false });

        Assert.Equal("[{}]", policy["spec"]!["egress"]!.ToJsonString());
    }

    private static string Held(string egress)
    {
        JsonObject policy = Policy(egress);
        TrafficBounds.Hold(policy, Acme);
        return policy.ToJsonString();
    }

    private static JsonObject Policy(string egress) => new() { ["kind"] = "NetworkPolicy", ["spec"] = new JsonObject { ["egress"] = JsonNode.Parse(egress) } };
}
