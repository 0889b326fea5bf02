using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Tests.Tenants;

/// <summary>What holds tenants apart in a shared data plane, judged as rules.</summary>
public sealed class TenantGuardsTests
{
    private static readonly TrafficPlace[] Places =
    [
        Place("acme-shop-web", "acme", "10.1.0.1"),
        Place("acme-shop-db", "acme", "10.1.0.2"),
        Place("globex-crm-web", "globex", "10.1.0.3"),
        Place("ingress", null, "10.1.0.4"),
        Place("monitoring", null, "10.1.0.5"),
        Place("kube-system", null, "10.1.0.6"),
    ];

    private static TrafficRules Rules(params string[] acmeAllows) => new(
        Places,
        [
            TenantGuards.NetworkPolicy("acme", "acme-shop-web", acmeAllows),
            TenantGuards.NetworkPolicy("acme", "acme-shop-db", acmeAllows),
            TenantGuards.NetworkPolicy("globex", "globex-crm-web", []),
        ]);

    [Fact]
    public void NetworkPolicy_InsideATenant_LetsThroughBothWays()
    {
        Assert.True(Rules().Allows("acme-shop-web", "acme-shop-db"));
        Assert.True(Rules().Allows("acme-shop-db", "acme-shop-web"));
    }

    [Fact]
    public void NetworkPolicy_BetweenTenants_LetsNothingThroughEitherWay()
    {
        Assert.False(Rules().Allows("acme-shop-web", "globex-crm-web"));
        Assert.False(Rules().Allows("globex-crm-web", "acme-shop-db"));
    }

    [Fact]
    public void NetworkPolicy_AllowedNamespace_LetsThroughBothWaysAndNoOther()
    {
        TrafficRules rules = Rules("ingress");

        Assert.True(rules.Allows("ingress", "acme-shop-web"));
        Assert.True(rules.Allows("acme-shop-web", "ingress"));
        Assert.False(rules.Allows("monitoring", "acme-shop-web"));
        Assert.False(rules.Allows("acme-shop-web", "monitoring"));
        Assert.False(rules.Allows("ingress", "globex-crm-web"));
    }

    [Theory]
    [InlineData("UDP", 53, true)]
    [InlineData("TCP", 53, true)]
    [InlineData("TCP", 443, false)]
    public void NetworkPolicy_SystemNamespace_AnswersNamesAndNothingElse(string protocol, int port, bool through) =>
        Assert.Equal(through, Rules().Allows("acme-shop-web", "kube-system", protocol, port));

    [Theory]
    [InlineData("203.0.113.7", true)]
    [InlineData("2001:db8::7", true)]
    [InlineData("10.1.0.3", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("192.168.7.7", false)]
    [InlineData("fd00::7", false)]
    public void NetworkPolicy_Addresses_OnlyThoseOutsideTheCluster(string address, bool through)
    {
        Assert.Equal(through, Rules().AllowsOut("acme-shop-web", address));
        Assert.Equal(through, Rules().AllowsIn(address, "acme-shop-web"));
    }

    /// <summary>Policies add up, so what a tenant opens by a policy of its own is opened on its side alone.</summary>
    [Fact]
    public void NetworkPolicy_TenantOpensItself_OthersStayClosed()
    {
        JsonObject open = JsonNode.Parse("""
            {"metadata": {"name": "open", "namespace": "globex-crm-web"},
             "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]}}
            """)!.AsObject();
        var rules = new TrafficRules(
            Places, [TenantGuards.NetworkPolicy("acme", "acme-shop-web", []), TenantGuards.NetworkPolicy("globex", "globex-crm-web", []), open]);

        Assert.False(rules.Allows("globex-crm-web", "acme-shop-web"));
        Assert.False(rules.Allows("acme-shop-web", "globex-crm-web"));
        Assert.True(rules.Allows("globex-crm-web", "monitoring"));
    }

    [Fact]
    public void LimitRange_QuotaOnCpuWithoutDefaults_GivesContainersOne()
    {
        JsonObject limits = TenantGuards.LimitRange("acme", "acme", Quantities(("requests.cpu", "4"), ("limits.memory", "8Gi")), Quantities(("memory", "32Mi")), Quantities())!;

        JsonObject item = limits["spec"]!["limits"]![0]!.AsObject();
        Assert.Equal("50m", (string?)item["defaultRequest"]!["cpu"]);
        Assert.Equal("32Mi", (string?)item["max"]!["memory"]);
        Assert.Equal("32Mi", (string?)item["default"]!["memory"]);
    }

    [Fact]
    public void LimitRange_NothingBounded_IsNone() => Assert.Null(TenantGuards.LimitRange("acme", "acme", Quantities(("pods", "10")), Quantities(), Quantities()));

    private static Dictionary<string, Quantity> Quantities(params (string Name, string Value)[] values) => values.ToDictionary(v => v.Name, v => Quantity.Parse(v.Value));

    private static TrafficPlace Place(string ns, string? tenant, string address)
    {
        var labels = new Dictionary<string, string> { ["kubernetes.io/metadata.name"] = ns };
        if (tenant is not null)
        {
            labels[OrreryNames.TenantLabel] = tenant;
        }

        return new TrafficPlace(ns, labels, address);
    }
}
