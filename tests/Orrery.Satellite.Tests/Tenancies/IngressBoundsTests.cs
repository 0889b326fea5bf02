using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Satellite.Tenancies;

namespace Orrery.Satellite.Tests.Tenancies;

/// <summary>Which hosts an Ingress claims, and what a tenant's may.</summary>
public sealed class IngressBoundsTests
{
    [Fact]
    public void Hosts_OfRulesCertificatesAndWhatIsLeft_AreAllClaimed()
    {
        JsonObject ingress = Ingress("""
            {"rules": [{"host": "shop.example.test"}, {"host": "*.api.example.test"}, {"http": {}}], "tls": [{"hosts": ["Secure.example.test"]}, {"secretName": "x"}]}
            """);

        Assert.Equal(["", "*.api.example.test", "Secure.example.test", "shop.example.test"], IngressBounds.Hosts(ingress).Order(StringComparer.OrdinalIgnoreCase));
        Assert.Equal([""], IngressBounds.Hosts(Ingress("""{"defaultBackend": {"service": {"name": "web"}}}""")));
        Assert.Empty(IngressBounds.Hosts(Ingress("{}")));
    }

    [Theory]
    [InlineData("shop.example.test", "shop.example.test", true)]
    [InlineData("SHOP.example.test", "shop.example.test", true)]
    [InlineData("a.example.test", "*.example.test", true)]
    [InlineData("a.b.example.test", "*.example.test", true)]
    [InlineData("*.b.example.test", "*.example.test", true)]
    [InlineData("*.example.test", "a.example.test", false)]
    [InlineData("example.test", "*.example.test", false)]
    [InlineData("badexample.test", "*.example.test", false)]
    [InlineData("", "", true)]
    [InlineData("", "a.example.test", false)]
    [InlineData("a.example.test", "", false)]
    public void Takes_WhatAnotherHas_IsWhatItWouldLose(string wanted, string claimed, bool takes) => Assert.Equal(takes, IngressBounds.Takes(wanted, claimed));

    [Theory]
    [InlineData("acme.example.test", null)]
    [InlineData("www.acme.example.test", null)]
    [InlineData("acme.example.test.evil.test", "host \"acme.example.test.evil.test\" is none that the tenant's Ingresses may claim here: acme.example.test, *.acme.example.test")]
    [InlineData("*.example.test", "host \"*.example.test\" is none that the tenant's Ingresses may claim here: acme.example.test, *.acme.example.test")]
    [InlineData(null, "every host that nobody claims is none that the tenant's Ingresses may claim here: acme.example.test, *.acme.example.test")]
    public void Hold_HostsOfAClass_KeepsToThem(string? host, string? said)
    {
        JsonObject ingress = Ingress("""{"rules": [{}]}""");
        if (host is not null)
        {
            ingress["spec"]!["rules"]![0]!["host"] = host;
        }

        Assert.Equal(said, IngressBounds.Hold(ingress, new Tenancy("acme") { IngressHosts = ["acme.example.test", "*.acme.example.test"] }));
    }

    [Fact]
    public void Hold_ClassesOfAClass_GivesTheFirstAndKeepsToThem()
    {
        var tenancy = new Tenancy("acme") { IngressClasses = ["tenants", "edge"] };
        JsonObject unnamed = Ingress("{}"), annotated = Ingress("{}");
        annotated.ObjectAt("metadata").ObjectAt("annotations")["kubernetes.io/ingress.class"] = "internal";

        Assert.Null(IngressBounds.Hold(unnamed, tenancy));
        Assert.Equal("tenants", unnamed.TextAt("spec", "ingressClassName"));
        Assert.Null(IngressBounds.Hold(Ingress("""{"ingressClassName": "edge"}"""), tenancy));
        Assert.Equal("IngressClass \"internal\" is none that the tenant's Ingresses may be of here: tenants, edge", IngressBounds.Hold(annotated, tenancy));
        Assert.Equal("IngressClass \"\" is none that the tenant's Ingresses may be of here: none", IngressBounds.Hold(Ingress("{}"), new Tenancy("acme") { IngressClasses = [] }));
    }

    [Fact]
    public void Hold_NothingSaid_LetsAll() => Assert.Null(IngressBounds.Hold(Ingress("""{"rules": [{"host": "x.test"}], "ingressClassName": "any"}"""), new Tenancy("acme")));

    private static JsonObject Ingress(string spec) =>
        new() { ["apiVersion"] = "networking.k8s.io/v1", ["kind"] = "Ingress", ["metadata"] = new JsonObject { ["name"] = "web" }, ["spec"] = JsonNode.Parse(spec) };
}
