using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Client.Tests.Support;
using Orrery.Testing;

namespace Orrery.Client.Tests.Config;

/// <summary>Credentials that somebody else makes or replaces while a client runs.</summary>
public sealed class CredentialTests : IDisposable
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    private readonly TempDirectory folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Exec_TokenThatEnds_IsMadeAnewBeforeItEnds()
    {
        var time = new ManualTime();
        ClientConfig config = Exec(
            """printf x >> count; n=$(wc -c < count); printf '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": {"token": "t%s", "expirationTimestamp": "%s"} }' $n "$ENDS" """,
            time, ends: time.GetUtcNow() + TimeSpan.FromMinutes(15));

        Assert.Equal("t1", await config.TokenSource!(Token));
        time.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal("t1", await config.TokenSource!(Token));
        time.Advance(TimeSpan.FromSeconds(55));
        Assert.Equal("t2", await config.TokenSource!(Token));
    }

    [Fact]
    public async Task Exec_TokenThatIsRefused_IsMadeAnew_ButNotAllTheTime()
    {
        var time = new ManualTime();
        ClientConfig config = Exec(
            """printf x >> count; n=$(wc -c < count); printf '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": {"token": "t%s"} }' $n""", time);

        Assert.Equal("t1", await config.TokenSource!(Token));
        config.CredentialRefused!();
        Assert.Equal("t1", await config.TokenSource!(Token));
        time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("t2", await config.TokenSource!(Token));
        time.Advance(TimeSpan.FromDays(1));
        Assert.Equal("t2", await config.TokenSource!(Token));
    }

    [Fact]
    public async Task Exec_Certificate_IsShownWithTheClustersAuthorities()
    {
        (string certificate, string key) = TestCertificates.SelfSigned("CN=ada, O=staff");
        var status = new JsonObject { ["kind"] = "ExecCredential", ["apiVersion"] = "client.authentication.k8s.io/v1", ["status"] = new JsonObject { ["clientCertificateData"] = certificate, ["clientKeyData"] = key } };
        File.WriteAllText(Path.Combine(folder.Path, "answer"), status.ToJsonString());
        ClientConfig config = Exec("cat answer", TimeProvider.System);

        Assert.Null(config.TlsSource!().Certificate);
        Assert.Null(await config.TokenSource!(Token));

        TlsIdentity made = config.TlsSource();
        Assert.Equal("CN=ada, O=staff", made.Certificate!.Subject);
        Assert.True(made.Certificate.HasPrivateKey);
        Assert.Equal("CN=authority", Assert.Single(made.Ca!).Subject);
        Assert.Same(made, config.TlsSource());
    }

    [Fact]
    public async Task Exec_ProvideClusterInfo_TellsTheCommandOfTheCluster()
    {
        ClientConfig config = Exec(
            """printf '%s' "$KUBERNETES_EXEC_INFO" > info; echo '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": {"token": "t"} }'""",
            TimeProvider.System, more: ", provideClusterInfo: true");

        await config.TokenSource!(Token);

        JsonNode told = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "info")))!;
        JsonNode cluster = told["spec"]!["cluster"]!;
        Assert.Equal("https://host:6443", (string?)cluster["server"]);
        Assert.StartsWith("-----BEGIN CERTIFICATE", Encoding.UTF8.GetString(Convert.FromBase64String((string)cluster["certificate-authority-data"]!)), StringComparison.Ordinal);
        Assert.Equal("""{"audience":"shop","deep":[1,true]}""", cluster["config"]!.ToJsonString());
        Assert.False((bool)told["spec"]!["interactive"]!);
    }

    [Theory]
    [InlineData("exit 3", "ended with exit code 3")]
    [InlineData("echo no", "answered no JSON")]
    [InlineData("echo '{\"kind\": \"Status\"}'", "answered no ExecCredential with a status")]
    [InlineData("echo '{\"kind\": \"ExecCredential\", \"apiVersion\": \"client.authentication.k8s.io/v1beta1\", \"status\": {\"token\": \"t\"}}'", "answered in client.authentication.k8s.io/v1beta1, and the kubeconfig wants client.authentication.k8s.io/v1")]
    [InlineData("echo '{\"kind\": \"ExecCredential\", \"apiVersion\": \"client.authentication.k8s.io/v1\", \"status\": {}}'", "answered neither status.token nor status.clientCertificateData with status.clientKeyData")]
    public async Task Exec_CommandThatFails_IsNoAnswerAndSaysWhy(string script, string fault)
    {
        ClientConfig config = Exec(script, TimeProvider.System);

        HttpRequestException said = await Assert.ThrowsAsync<HttpRequestException>(async () => await config.TokenSource!(Token));

        Assert.Equal($"credential command 'sh' {fault}", said.Message);
    }

    [Theory]
    [InlineData("auth-provider: {name: gcp}", "kubeconfig: the auth-provider 'gcp' is not supported: name a credential command by exec")]
    [InlineData("username: ada, password: s", "kubeconfig: username and password are not supported: no Kubernetes since 1.19 takes them")]
    [InlineData("exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}", "kubeconfig: exec: apiVersion 'client.authentication.k8s.io/v1alpha1' is not supported: want client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1")]
    [InlineData("exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always}", "kubeconfig: exec: 'x' wants somebody at a terminal (interactiveMode Always), and there is nobody")]
    [InlineData("token: t, as-groups: [g]", "kubeconfig: as-uid, as-groups and as-user-extra mean nothing without as")]
    public void User_WhatIsNotTaken_IsSaid(string user, string fault) =>
        Assert.Equal(fault, Assert.Throws<InvalidDataException>(() => KubeConfig.Parse(Config(user), folder.Path)).Message);

    [Fact]
    public void User_ThatActsAsAnother_SendsThatWithEachRequest() => Assert.Equal(
        ["Impersonate-User: jo", "Impersonate-Uid: 7", "Impersonate-Group: staff", "Impersonate-Group: ops", "Impersonate-Extra-team%2Fname: red"],
        KubeConfig.Parse(Config("token: t, as: jo, as-uid: '7', as-groups: [staff, ops], as-user-extra: {team/name: [red]}"), folder.Path).Impersonation.Select(h => $"{h.Key}: {h.Value}"));

    [Fact]
    public async Task InCluster_TokenAndAuthoritiesAreRotated_AreReadAgain()
    {
        var time = new ManualTime();
        (string first, _) = TestCertificates.SelfSigned("CN=first");
        (string second, _) = TestCertificates.SelfSigned("CN=second");
        Write("ca.crt", first);
        Write("token", "one\n");
        Write("namespace", "orrery-system");
        ClientConfig config = InClusterConfig.Load(folder.Path, "2001:db8::1", "443", time);
        Assert.Equal("https://[2001:db8::1]/", config.Server.AbsoluteUri);
        Assert.Equal("one", await config.TokenSource!(Token));

        // 1. Rotated: within a minute; a token that is refused at once.
        TlsIdentity before = config.TlsSource!();
        Write("token", "two\n");
        config.CredentialRefused!();
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("two", await config.TokenSource!(Token));
        time.Advance(TimeSpan.FromMinutes(2));
        Write("ca.crt", first + "\n" + second);
        time.Advance(TimeSpan.FromMinutes(2));
        TlsIdentity after = config.TlsSource!();
        Assert.NotSame(before, after);
        Assert.Equal(["CN=first", "CN=second"], after.Ca!.Select(c => c.Subject));

        // 2. Empty or gone for a moment: what was read holds on.
        Write("token", "");
        Write("ca.crt", "");
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("two", await config.TokenSource!(Token));
        Assert.Same(after, config.TlsSource!());
        File.Delete(Path.Combine(folder.Path, "token"));
        File.Delete(Path.Combine(folder.Path, "ca.crt"));
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("two", await config.TokenSource!(Token));
        Assert.Same(after, config.TlsSource!());
    }

    [Fact]
    public void CertificateInAFile_Replaced_IsTakenWithItsKeyOnly()
    {
        var time = new ManualTime();
        (string certificate, string key) = TestCertificates.SelfSigned("CN=first");
        (string nextCertificate, string nextKey) = TestCertificates.SelfSigned("CN=second");
        Write("tls.crt", certificate);
        Write("tls.key", key);
        ClientConfig config = KubeConfig.Parse(Config("client-certificate: tls.crt, client-key: tls.key"), folder.Path, time: time);
        Assert.Equal("CN=first", config.TlsSource!().Certificate!.Subject);

        Write("tls.crt", nextCertificate);
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("CN=first", config.TlsSource!().Certificate!.Subject);

        Write("tls.key", nextKey);
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("CN=second", config.TlsSource!().Certificate!.Subject);
    }

    [Fact]
    public async Task TokenFile_ServerTakesItNoMore_IsReadAnewAndTheRequestSentAgain()
    {
        var time = new ManualTime();
        var shown = new ConcurrentQueue<string>();
        await using ScriptedServer server = await ScriptedServer.StartAsync(context =>
        {
            shown.Enqueue(context.Request.Headers.Authorization.ToString());
            bool isTaken = context.Request.Headers.Authorization == "Bearer two";
            context.Response.StatusCode = isTaken ? 200 : 401;
            return context.Response.WriteAsync(isTaken ? """{"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}}""" : "");
        });
        Write("token", "one");
        using var client = new KubeClient(KubeConfig.Parse(Config("tokenFile: token"), folder.Path, time: time) with { Server = server.Url, Ca = server.Config.Ca, TlsSource = null });
        await Assert.ThrowsAsync<StatusException>(() => client.GetAsync(ConfigMaps, "default", "a", Token));
        Write("token", "two");
        time.Advance(TimeSpan.FromSeconds(2));

        await client.CreateAsync(ConfigMaps, "default", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "a" } }, Token);

        Assert.Equal(["Bearer one", "Bearer one", "Bearer two"], shown);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(folder.Path, name), text);

    private ClientConfig Exec(string script, TimeProvider time, DateTimeOffset? ends = null, string more = "")
    {
        Write("script", $"cd '{folder.Path}'; {script}");
        return KubeConfig.Parse(
            Config($"exec: {{command: sh, args: [{Path.Combine(folder.Path, "script")}], env: [{{name: ENDS, value: '{ends:O}'}}], apiVersion: client.authentication.k8s.io/v1{more}}}"), folder.Path, time: time);
    }

    private string Config(string user)
    {
        (string ca, _) = TestCertificates.SelfSigned("CN=authority");
        Write("ca.pem", ca);
        return $$$"""
            current-context: c
            contexts: [{name: c, context: {cluster: k, user: u}}]
            clusters:
            - name: k
              cluster:
                server: "https://host:6443"
                certificate-authority: ca.pem
                extensions: [{ name: client.authentication.k8s.io/exec, extension: { audience: shop, deep: [1, true] } }]
            users: [{name: u, user: { {{{user}}} } }]
            """;
    }
}
