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
        Assert.Equal("10.0.0.1", options.ServiceRange.First);
    }

    [Theory]
    [InlineData("Node,RBAC", AuthorizationMode.Rbac)]
    [InlineData("AlwaysDeny", AuthorizationMode.AlwaysDeny)]
    [InlineData("Node", AuthorizationMode.AlwaysDeny)]
    [InlineData("RBAC,AlwaysAllow", AuthorizationMode.AlwaysAllow)]
    public void From_AuthorizationModes_OneThatAllowsIsEnough(string modes, AuthorizationMode expected) =>
        Assert.Equal(expected, Read("--authorization-mode=" + modes).Authorization.Mode);

    [Fact]
    public void From_AlwaysAllow_LetsNobodyInWithoutACredential() => Assert.False(Read("--anonymous-auth=true").AllowsAnonymous);

    [Theory]
    [InlineData("--authorization-mode: \"ABAC\" is not one of RBAC, Node, Webhook, AlwaysAllow, AlwaysDeny", "--authorization-mode=ABAC")]
    [InlineData("--authorization-mode=Webhook wants --authorization-webhook-config-file", "--authorization-mode=RBAC,Webhook")]
    [InlineData("--authorization-webhook-version is given without the mode Webhook in --authorization-mode", "--authorization-webhook-version=v1")]
    [InlineData("--authorization-config and --authorization-mode exclude each other", "--authorization-config=f", "--authorization-mode=RBAC")]
    [InlineData("--bind-address: 'x' is no IP address", "--bind-address=x")]
    [InlineData("--secure-port: 70000 is no port, want 0 to 65535", "--secure-port=70000")]
    [InlineData("--tls-cert-file and --tls-private-key-file go together", "--tls-cert-file=a")]
    [InlineData("--service-cluster-ip-range: '10.0.0.0/8' is no IPv4 network of /12 to /29, such as 10.96.0.0/12; IPv6 and dual stack are not served", "--service-cluster-ip-range=10.0.0.0/8")]
    [InlineData("--disable-admission-plugins: admission-control plugin \"Nope\" is unknown", "--disable-admission-plugins=Nope")]
    [InlineData("--enable-admission-plugins: \"AlwaysPullImages\" is not built into Orrery", "--enable-admission-plugins=AlwaysPullImages")]
    [InlineData("\"PodSecurity\" is in both --enable-admission-plugins and --disable-admission-plugins", "--enable-admission-plugins=PodSecurity", "--disable-admission-plugins=PodSecurity")]
    public void From_WhatMakesNoSense_IsRefusedByName(string message, params string[] arguments) =>
        Assert.Equal(message, Assert.Throws<CommandFailedException>(() => Read(arguments)).Message);
}
