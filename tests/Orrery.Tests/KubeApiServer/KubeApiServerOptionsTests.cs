using System.Net;
using Orrery.Commands;
using Orrery.KubeApiServer;
using Orrery.Server.Authorization;

namespace Orrery.Tests.KubeApiServer;

public sealed class KubeApiServerOptionsTests
{
    private static KubeApiServerOptions Read(params string[] arguments) => KubeApiServerOptions.From(KubeApiServerFlags.All.Parse(arguments));

    [Fact]
    public void From_WhatEnvtestPasses_IsUnderstood()
    {
        KubeApiServerOptions options = Read(
            "--allow-privileged=true", "--authorization-mode=RBAC", "--bind-address=127.0.0.1", "--cert-dir=/c", "--client-ca-file=/c/client-cert-auth-ca.crt",
            "--disable-admission-plugins=ServiceAccount", "--etcd-servers=http://127.0.0.1:2379", "--secure-port=40001", "--service-account-issuer=https://127.0.0.1:40001/",
            "--service-account-key-file=/c/sa-signer.crt", "--service-account-signing-key-file=/c/sa-signer.key", "--service-cluster-ip-range=10.0.0.0/24");

        Assert.Equal(AuthorizationMode.Rbac, options.Authorization.Mode);
        Assert.True(options.AllowsAnonymous);
        Assert.Equal(IPAddress.Loopback, options.Advertise);
        Assert.Equal("/registry", options.Etcd!.Prefix);
        Assert.Equal(["ServiceAccount"], options.DisabledPlugins);
        Assert.Equal(["https://127.0.0.1:40001/"], options.Issuers.Root);
        Assert.Equal(["https://127.0.0.1:40001/"], options.Issuers.Audiences);
        Assert.Equal("10.0.0.1", options.ServiceRanges[0].First);
    }

    [Theory]
    [InlineData("api/v1")]
    [InlineData("api/v1=true,apps/v1")]
    [InlineData("v1", "apps/v1=")]
    [InlineData("apps/v1=false,api/v1=false", null, "apps/v1", "v1")]
    public void From_VersionsToServe_ByNameAloneAndByTheLegacyPath(string first, string? second = null, params string[] withheld) =>
        Assert.Equal(withheld, Read([.. new[] { first, second }.OfType<string>().Select(value => "--runtime-config=" + value)]).WithheldVersions.Order(StringComparer.Ordinal));

    /// <summary>The flags of a cluster of simulated nodes that is to have no bounds, and those of a pod of a control plane as far as they are about this server.</summary>
    [Fact]
    public void From_WhatOthersPass_IsUnderstoodOrSaidToChangeNothing()
    {
        KubeApiServerOptions options = Read(
            "--etcd-prefix=/registry", "--allow-privileged=true", "--admission-control=", "--max-requests-inflight=0", "--max-mutating-requests-inflight=0", "--enable-priority-and-fairness=false",
            "--etcd-servers=http://127.0.0.1:2379", "--authorization-mode=Node,RBAC", "--bind-address=0.0.0.0", "--secure-port=6443", "--tls-cert-file=/p/admin.crt", "--tls-private-key-file=/p/admin.key",
            "--client-ca-file=/p/ca.crt", "--service-account-key-file=/p/admin.key", "--service-account-signing-key-file=/p/admin.key", "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            "--proxy-client-key-file=/p/admin.key", "--proxy-client-cert-file=/p/admin.crt", "--kubelet-preferred-address-types=InternalIP,Hostname", "--service-node-port-range=20000+99", "--event-ttl=5m");

        Assert.Equal((0, false), (options.MostRequests, options.QueuesRequests));
        Assert.Contains("NamespaceLifecycle", options.DisabledPlugins);
        Assert.Equal("20000-20099", options.NodePorts.ToString());
        Assert.Equal(TimeSpan.FromMinutes(5), options.EventLifetime);
        Assert.Equal(["kubelet-preferred-address-types", "proxy-client-cert-file", "proxy-client-key-file"], options.WithoutEffect);
    }

    [Fact]
    public void From_NothingOfBounds_LeavesThemToTheMachine()
    {
        KubeApiServerOptions options = Read("--admission-control=NamespaceLifecycle,ResourceQuota"), bounded = Read("--max-requests-inflight=3");

        Assert.Equal((null, true, TimeSpan.FromHours(1)), (options.MostRequests, options.QueuesRequests, options.EventLifetime));
        Assert.DoesNotContain("ResourceQuota", options.DisabledPlugins);
        Assert.Contains("PodSecurity", options.DisabledPlugins);
        Assert.Equal(3, bounded.MostRequests);
        Assert.Empty(bounded.WithoutEffect);
    }

    [Theory]
    [InlineData("Node,RBAC", AuthorizationMode.Rbac)]
    [InlineData("AlwaysDeny", AuthorizationMode.AlwaysDeny)]
    [InlineData("RBAC,AlwaysAllow", AuthorizationMode.AlwaysAllow)]
    public void From_AuthorizationModes_OneThatAllowsIsEnough(string modes, AuthorizationMode expected) =>
        Assert.Equal(expected, Read("--authorization-mode=" + modes).Authorization.Mode);

    /// <summary>Nodes are decided about by somebody of their own, and whoever else is named is asked as well.</summary>
    [Theory]
    [InlineData("Node", false)]
    [InlineData("Node,RBAC", false)]
    [InlineData("Node,AlwaysAllow", true)]
    public void From_NodeAmongTheModes_AsksSeveral(string modes, bool allowsEverything)
    {
        AuthorizationFlags flags = Read("--authorization-mode=" + modes).Authorization;

        Assert.NotNull(flags.Chain);
        Assert.Equal(allowsEverything, flags.AllowsEverything);
    }

    [Fact]
    public void From_AlwaysAllow_LetsNobodyInWithoutACredential() => Assert.False(Read("--anonymous-auth=true").AllowsAnonymous);

    [Theory]
    [InlineData("--requestheader-allowed-names: a value is empty", "--requestheader-allowed-names= ")]
    [InlineData("--requestheader-username-headers: a value is empty", "--requestheader-username-headers=X-Remote-User,")]
    [InlineData("--requestheader-uid-headers: X-Remote-Uid must be one of them", "--requestheader-uid-headers=X-Other")]
    [InlineData("--authorization-mode: each mode can stand there once", "--authorization-mode=RBAC,Node", "--authorization-mode=RBAC")]
    [InlineData("--authorization-mode: \"ABAC\" is not one of RBAC, Node, Webhook, AlwaysAllow, AlwaysDeny", "--authorization-mode=ABAC")]
    [InlineData("--authorization-mode=Webhook wants --authorization-webhook-config-file", "--authorization-mode=RBAC,Webhook")]
    [InlineData("--authorization-webhook-version is given without the mode Webhook in --authorization-mode", "--authorization-webhook-version=v1")]
    [InlineData("--authorization-config and --authorization-mode exclude each other", "--authorization-config=f", "--authorization-mode=RBAC")]
    [InlineData("--bind-address: 'x' is no IP address", "--bind-address=x")]
    [InlineData("--secure-port: 70000 is no port, want 0 to 65535", "--secure-port=70000")]
    [InlineData("--tls-cert-file and --tls-private-key-file go together", "--tls-cert-file=a")]
    [InlineData("--service-cluster-ip-range: '10.0.0.0/8' is no IPv4 network of /12 to /29, such as 10.96.0.0/12, and no IPv6 network of /64 to /125", "--service-cluster-ip-range=10.0.0.0/8")]
    [InlineData("--service-cluster-ip-range: '10.0.0.0/24,10.0.1.0/24' is neither one network nor one of each address family", "--service-cluster-ip-range=10.0.0.0/24,10.0.1.0/24")]
    [InlineData("--audit-log-version: audit.k8s.io/v1 is the only one", "--audit-log-version=audit.k8s.io/v1beta1")]
    [InlineData("--service-node-port-range: '9-1' is no range of ports from 1 to 65535, such as 30000-32767 or 30000+2767", "--service-node-port-range=9-1")]
    [InlineData("--max-mutating-requests-inflight can not be negative value", "--max-mutating-requests-inflight=-1")]
    [InlineData("invalid argument \"-1s\" for \"--event-ttl\" flag: want a duration such as 30s or 1h30m", "--event-ttl=-1s")]
    [InlineData("--cluster-signing-duration: '5s': want a duration such as 24h, 10s or more", "--cluster-signing-duration=5s")]
    [InlineData("--admission-control and --enable-admission-plugins, --disable-admission-plugins exclude each other", "--admission-control=PodSecurity", "--disable-admission-plugins=PodSecurity")]
    [InlineData("--admission-control: \"AlwaysPullImages\" is not built into Orrery", "--admission-control=AlwaysPullImages")]
    [InlineData("--disable-admission-plugins: admission-control plugin \"Nope\" is unknown", "--disable-admission-plugins=Nope")]
    [InlineData("--enable-admission-plugins: \"AlwaysPullImages\" is not built into Orrery", "--enable-admission-plugins=AlwaysPullImages")]
    [InlineData("\"PodSecurity\" is in both --enable-admission-plugins and --disable-admission-plugins", "--enable-admission-plugins=PodSecurity", "--disable-admission-plugins=PodSecurity")]
    public void From_WhatMakesNoSense_IsRefusedByName(string message, params string[] arguments) =>
        Assert.Equal(message, Assert.Throws<CommandFailedException>(() => Read(arguments)).Message);
}
