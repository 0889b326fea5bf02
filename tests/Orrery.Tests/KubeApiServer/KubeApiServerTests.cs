using System.Net;
using System.Text.Json;
using Orrery.Server.Security;
using Orrery.Storage.Etcd;
using Orrery.Testing;
using Orrery.Tests.EndToEnd;
using Eventually = Orrery.Tests.EndToEnd.Eventually;
using Kubectl = Orrery.Tests.EndToEnd.Kubectl;

namespace Orrery.Tests.KubeApiServer;

/// <summary>The launcher as a real process, under the real kubectl.</summary>
public sealed class KubeApiServerTests
{
    [Fact]
    public async Task PlainClientCertificate_OnSqlite_ServesOneWholeClusterAndKeepsIt()
    {
        Kubectl.Require();
        const string Advertised = "--advertise-address=192.0.2.7";
        await using StandIn server = await StandIn.StartAsync(Advertised);
        Kubectl admin = server.KubectlAs("admin", "system:masters");

        await admin.RunAsync("create configmap kept --from-literal=a=1");
        await admin.RunAsync("create namespace team");
        await admin.RunAsync("create deployment web --image=i:1 -n team");
        await server.RestartAsync(Advertised);

        Assert.Equal("1", await admin.RunAsync("get configmap kept -o jsonpath={.data.a}"));
        Assert.Equal("10.0.0.1", await admin.RunAsync("get service kubernetes -o jsonpath={.spec.clusterIP}"));
        Assert.Equal($"192.0.2.7:{server.Port}", await admin.RunAsync("get endpoints kubernetes -o jsonpath={.subsets[0].addresses[0].ip}:{.subsets[0].ports[0].port}"));
        Assert.Equal("10.0.0", (await admin.RunAsync("create service clusterip other --tcp=80 -o jsonpath={.spec.clusterIP}"))[..6]);
        Assert.Equal(["default", "kube-node-lease", "kube-public", "kube-system", "team"], (await admin.RunAsync("get namespaces -o jsonpath={.items[*].metadata.name}")).Split(' '));
        Assert.DoesNotContain("orrery", await admin.RunAsync("api-resources"), StringComparison.OrdinalIgnoreCase);
        await admin.RunAsync("delete namespace team --timeout=120s");

        string who = await server.KubectlThroughIntermediate("jane", "devs").RunAsync("auth whoami -o jsonpath={.status.userInfo.username}/{.status.userInfo.groups}");
        Assert.Equal("jane/[\"devs\",\"system:authenticated\"]", who);
    }

    [Fact]
    public async Task PlainClientCertificate_OnEtcd_IsBoundByRbacUnderTheGivenPrefix()
    {
        Kubectl.Require();
        Assert.SkipWhen(EtcdMember.Program is null, "etcd is not on PATH");
        using var folder = new TempDirectory();
        using EtcdMember etcd = EtcdMember.StartCluster(1, folder.Path)[0];
        await using StandIn server = await StandIn.StartAsync($"--etcd-servers={etcd.Client}", "--etcd-prefix=/test-7");
        Kubectl admin = server.KubectlAs("admin", "system:masters"), jane = server.KubectlAs("jane", "devs");

        Ended refused = await jane.TryAsync("get configmaps");
        await admin.RunAsync("create rolebinding devs --clusterrole=view --group=devs");
        await Eventually.EqualsAsync(0, async () => (await jane.TryAsync("get configmaps")).ExitCode, TimeSpan.FromSeconds(60));

        Assert.Contains("User \"jane\" cannot list resource \"configmaps\"", refused.Error, StringComparison.Ordinal);
        await using EtcdStore store = await EtcdStore.OpenAsync(new EtcdOptions { Endpoints = [etcd.Client], Prefix = "/test-7", RetryFor = TimeSpan.FromSeconds(60) }, TestContext.Current.CancellationToken);
        Assert.NotNull(await store.GetAsync("/rbac.authorization.k8s.io/rolebindings/-/default/devs", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task TokensAndHealth_OfAStandIn_AnswerAsAKubeApiServer()
    {
        Kubectl.Require();
        await using StandIn server = await StandIn.StartAsync("--disable-admission-plugins=ServiceAccount,NamespaceLifecycle");
        Kubectl admin = server.KubectlAs("admin", "system:masters");
        using HttpClient anybody = server.Anonymous();

        // 1. Health: whole, verbose, one check, none of that name.
        Assert.Equal("ok", await anybody.GetStringAsync("/livez"));
        Assert.Contains("[+]etcd ok\n", await anybody.GetStringAsync("/readyz?verbose"), StringComparison.Ordinal);
        Assert.Equal("[+]ping ok\n[+]etcd ok\nhealthz check passed\n", await admin.RunAsync("get --raw /healthz?verbose&exclude=etcd"));
        Assert.Equal("ok", await admin.RunAsync("get --raw /readyz/ping"));
        Assert.NotEqual(0, (await admin.TryAsync("get --raw /readyz/nonsense")).ExitCode);

        // 2. A token signed by the RSA key that was given, under the issuer that was given.
        await Eventually.EqualsAsync(0, async () => (await admin.TryAsync("get serviceaccount default")).ExitCode, TimeSpan.FromSeconds(60));
        string token = (await admin.RunAsync("create token default")).Trim();
        string claims = System.Text.Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(token.Split('.')[1]));
        using JsonDocument json = JsonDocument.Parse(claims);
        Assert.Equal(server.Url.ToString(), json.RootElement.GetProperty("iss").GetString());
        Assert.Equal("system:serviceaccount:default:default", (await server.KubectlWith(token).RunAsync("auth whoami -o jsonpath={.status.userInfo.username}")).Trim());

        // 3. Plugins that are off: a pod without its account's token, an object in a namespace that is not there.
        await admin.RunAsync("run p --image=i:1");
        Assert.Equal("", await admin.RunAsync("get pod p -o jsonpath={.spec.volumes}"));
        await admin.RunAsync("create configmap c -n nowhere");
    }

    [Fact]
    public async Task TokenFile_LetsInWhoHasAToken_AndNobodyElse()
    {
        Kubectl.Require();
        using var folder = new TempDirectory();
        string tokens = folder.Write("tokens.csv", "s3cret,ann,1,\"system:masters,x\"\n");
        await using StandIn server = await StandIn.StartAsync("--token-auth-file", tokens);

        Assert.Equal("ann", await server.KubectlWith("s3cret").RunAsync("auth whoami -o jsonpath={.status.userInfo.username}"));
        Assert.NotEqual(0, (await server.KubectlWith("wrong").TryAsync("get namespaces")).ExitCode);
        Assert.DoesNotContain("s3cret", server.Log, StringComparison.Ordinal);
        using HttpClient anybody = server.Anonymous();
        Assert.Equal(HttpStatusCode.Forbidden, (await anybody.GetAsync("/api/v1/namespaces")).StatusCode);
    }

    [Fact]
    public async Task BootstrapTokensNodesAndAFrontProxy_OfAStandIn_AreAsOfAKubeApiServer()
    {
        Kubectl.Require();
        using var folder = new TempDirectory();
        using CertificateAuthority proxies = CertificateAuthority.Create("proxies", TimeSpan.FromDays(1), TimeProvider.System);
        await using StandIn server = await StandIn.StartAsync(
            "--enable-bootstrap-token-auth", "--authorization-mode=Node", "--enable-admission-plugins=NodeRestriction", $"--requestheader-client-ca-file={folder.Write("proxies.crt", proxies.CertificatePem)}",
            "--requestheader-allowed-names=front", "--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group", "--requestheader-extra-headers-prefix=X-Remote-Extra-");
        Kubectl admin = server.KubectlAs("admin", "system:masters"), node = server.KubectlAs("system:node:n1", "system:nodes");

        // 1. A node introduces itself.
        await admin.RunAsync(
            "create secret generic bootstrap-token-abcdef -n kube-system --type=bootstrap.kubernetes.io/token --from-literal=token-id=abcdef --from-literal=token-secret=0123456789abcdef --from-literal=usage-bootstrap-authentication=true");
        Assert.Equal("system:bootstrap:abcdef/[\"system:bootstrappers\",\"system:authenticated\"]", await server.KubectlWith("abcdef.0123456789abcdef").RunAsync("auth whoami -o jsonpath={.status.userInfo.username}/{.status.userInfo.groups}"));
        Assert.NotEqual(0, (await server.KubectlWith("abcdef.0123456789abcdee").TryAsync("get namespaces")).ExitCode);

        // 2. A node has what is its own.
        await node.RunAsync("create -f -", """{"apiVersion":"v1","kind":"Node","metadata":{"name":"n1"}}""");
        Assert.Equal("n1", await node.RunAsync("get node n1 -o jsonpath={.metadata.name}"));
        Assert.Contains("node 'n1' cannot read all nodes, only its own Node object", (await node.TryAsync("get nodes")).Error, StringComparison.Ordinal);
        Assert.Contains("is not allowed to modify labels: node-role.kubernetes.io/x", (await node.TryAsync("label node n1 node-role.kubernetes.io/x=")).Error, StringComparison.Ordinal);

        // 3. Others are told by whom users are known here.
        await Eventually.EqualsAsync(
            "[\"front\"] [\"X-Remote-User\"] [\"X-Remote-Group\"] [\"X-Remote-Extra-\"]",
            async () => (await admin.TryAsync("get configmap -n kube-system extension-apiserver-authentication -o jsonpath={.data.requestheader-allowed-names}#{.data.requestheader-username-headers}#{.data.requestheader-group-headers}#{.data.requestheader-extra-headers-prefix}")).Output.Replace('#', ' '),
            TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task UnknownFlag_IsRefusedByName()
    {
        Ended ended = await Shell.RunAsync(StandIn.Program, ["kube-apiserver", "--egress-selector-config-file=x"]);

        Assert.Equal(1, ended.ExitCode);
        Assert.Equal("orrery: unknown flag: --egress-selector-config-file\n", ended.Error);
    }

    [Fact]
    public async Task Help_NamesEveryFlagAtTheBeginningOfALine()
    {
        string help = (await Shell.RunAsync(StandIn.Program, ["kube-apiserver", "--help"])).Succeeded();

        Assert.Matches("(?m)^\\s*--service-account-signing-key-file ", help);
        Assert.DoesNotContain("--insecure-port", help, StringComparison.Ordinal);
    }
}
