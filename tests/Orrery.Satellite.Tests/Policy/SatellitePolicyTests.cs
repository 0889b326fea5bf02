using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Satellite.Policy;

namespace Orrery.Satellite.Tests.Policy;

/// <summary>What the owner of a cluster can hold back.</summary>
public sealed class SatellitePolicyTests
{
    private static readonly GroupKind Deployment = new("apps", "Deployment");
    private static readonly GroupKind Secret = new("", "Secret");
    private static readonly GroupKind Namespace = new("", "Namespace");

    [Fact]
    public void Of_NoConfigMap_HoldsNothingBack()
    {
        SatellitePolicy policy = SatellitePolicy.Of(null);

        Assert.Null(policy.Denies(Deployment, "acme-shop-default"));
        Assert.Null(policy.DeniesPod("exec", "acme-shop-default"));
        Assert.Null(policy.DeniesProxy("DELETE", false));
        Assert.Equal("", policy.Summary);
    }

    [Theory]
    [InlineData("acme-shop-default", true)]
    [InlineData("acme-other", true)]
    [InlineData("globex-shop-default", false)]
    [InlineData("tools", true)]
    [InlineData("tools2", false)]
    public void Denies_Namespaces_ByPattern(string ns, bool allowed)
    {
        SatellitePolicy policy = Policy(("namespaces", "acme-*, tools"));

        Assert.Equal(allowed, policy.Denies(Deployment, ns) is null);
        Assert.Equal(allowed, policy.Denies(Namespace, ns) is null);
        Assert.Equal(allowed, policy.DeniesPod("log", ns) is null);
    }

    [Fact]
    public void Denies_Namespaces_NothingOfNoNamespace() => Assert.NotNull(Policy(("namespaces", "*")).Denies(new GroupKind("rbac.authorization.k8s.io", "ClusterRole"), ""));

    [Fact]
    public void Denies_Kinds_OnlyThoseAllowed()
    {
        SatellitePolicy policy = Policy(("kinds", "Deployment.apps Service"));

        Assert.Null(policy.Denies(Deployment, "a"));
        Assert.Null(policy.Denies(Namespace, "a"));
        Assert.Equal("kind Secret is not among the allowed ones", policy.Denies(Secret, "a"));
        Assert.NotNull(policy.Denies(new GroupKind("example.test", "Deployment"), "a"));
    }

    [Fact]
    public void Denies_DeniedKinds_AllOthersPass()
    {
        SatellitePolicy policy = Policy(("deniedKinds", "Secret"));

        Assert.Equal("kind Secret is denied", policy.Denies(Secret, "a"));
        Assert.Null(policy.Denies(Deployment, "a"));
    }

    [Theory]
    [InlineData("acme-shop-default", true)]
    [InlineData("tools", true)]
    [InlineData("globex-web-default", false)]
    public void Denies_DeniedKindsInNamespaces_NotElsewhere(string ns, bool denied)
    {
        SatellitePolicy policy = Policy(("deniedKinds", "NetworkPolicy.networking.k8s.io/acme-*, NetworkPolicy.networking.k8s.io/tools"));

        Assert.Equal(denied ? $"kind NetworkPolicy.networking.k8s.io is denied in namespace {ns}" : null, policy.Denies(new GroupKind("networking.k8s.io", "NetworkPolicy"), ns));
        Assert.Null(policy.Denies(Deployment, ns));
    }

    [Theory]
    [InlineData("Secret/")]
    [InlineData("Secret/A")]
    [InlineData("/acme")]
    public void Of_DeniedKindsThatCannotBeRead_HoldsEverythingBack(string value) => Assert.NotNull(Policy(("deniedKinds", value)).Fault);

    [Theory]
    [InlineData("Paused", true, true)]
    [InlineData("ReadOnly", true, false)]
    [InlineData("Disabled", false, false)]
    public void Mode_OtherThanEnabled_ChangesNothing(string mode, bool logs, bool exec)
    {
        SatellitePolicy policy = Policy(("mode", mode));

        Assert.Equal($"mode is {mode}", policy.Denies(Deployment, "a"));
        Assert.Equal(logs, policy.DeniesPod("log", "a") is null);
        Assert.Equal(exec, policy.DeniesPod("exec", "a") is null);
        Assert.NotNull(policy.DeniesProxy("POST", false));
        Assert.Equal(mode != "Disabled", policy.DeniesProxy("GET", false) is null);
    }

    [Theory]
    [InlineData("exec", "exec", true)]
    [InlineData("exec", "attach", true)]
    [InlineData("exec", "log", false)]
    [InlineData("logs", "log", true)]
    [InlineData("logs", "exec", false)]
    [InlineData("portForward", "portforward", true)]
    [InlineData("portForward", "proxy", true)]
    public void DeniesPod_SwitchedOff_DeniesThatAlone(string key, string subresource, bool denied) =>
        Assert.Equal(denied, Policy((key, "false")).DeniesPod(subresource, "a") is not null);

    [Theory]
    [InlineData("namespaces", "acme-*")]
    [InlineData("kinds", "Service")]
    [InlineData("deniedKinds", "Secret")]
    [InlineData("proxy", "false")]
    public void DeniesProxy_WhatIsNarrowed_CannotBeWalkedAround(string key, string value) => Assert.NotNull(Policy((key, value)).DeniesProxy("GET", false));

    [Fact]
    public void DeniesProxy_ExecOff_DeniesStreams()
    {
        Assert.NotNull(Policy(("exec", "false")).DeniesProxy("GET", isStream: true));
        Assert.Null(Policy(("exec", "false")).DeniesProxy("GET", isStream: false));
    }

    [Theory]
    [InlineData("mode", "paused", "data.mode: \"paused\" is none of Enabled, Paused, ReadOnly, Disabled")]
    [InlineData("mode", "1", "data.mode: \"1\" is none of Enabled, Paused, ReadOnly, Disabled")]
    [InlineData("exec", "no", "data.exec: \"no\" is neither true nor false")]
    [InlineData("pods", "x", "data.pods: unknown; known are mode, namespaces, kinds, deniedKinds, logs, exec, portForward, proxy")]
    [InlineData("kinds", "", "data.kinds: is empty; leave it out to allow all")]
    public void Of_Unreadable_HoldsEverythingBack(string key, string value, string fault)
    {
        SatellitePolicy policy = Policy((key, value));

        Assert.Equal(fault, policy.Fault);
        Assert.Equal($"the policy cannot be read: {fault}", policy.Denies(Deployment, "a"));
        Assert.NotNull(policy.DeniesPod("log", "a"));
        Assert.NotNull(policy.DeniesPod("exec", "a"));
        Assert.NotNull(policy.DeniesProxy("GET", false));
    }

    private static SatellitePolicy Policy(params (string Key, string Value)[] data) => SatellitePolicy.Of(KubeObject.From(new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject { ["name"] = PolicyWatch.Name },
        ["data"] = new JsonObject(data.Select(d => KeyValuePair.Create(d.Key, (JsonNode?)d.Value))),
    }));
}
