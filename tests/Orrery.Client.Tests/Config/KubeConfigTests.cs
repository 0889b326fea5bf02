using System.Text;
using Orrery.Client.Tests.Support;

namespace Orrery.Client.Tests.Config;

public sealed class KubeConfigTests
{
    [Fact]
    public void Load_WhatWriteWrote_GivesTheSameServerAndCredential()
    {
        string directory = Directory.CreateTempSubdirectory("orrery-").FullName;
        string path = Path.Combine(directory, "config");
        (string certificate, string key) = TestCertificates.SelfSigned("CN=ada, O=staff");
        (string ca, _) = TestCertificates.SelfSigned("CN=authority");
        KubeConfig.Write(
            path,
            new KubeConfigEntry("shop", new Uri("https://127.0.0.1:7443/clusters/acme/shop"), ca, certificate, key, Namespace: "web"),
            new KubeConfigEntry("root: yes", new Uri("https://127.0.0.1:7443"), ca, Token: "s3cret"));

        ClientConfig shop = KubeConfig.Load(path);
        ClientConfig root = KubeConfig.Load(path, "root: yes");

        Assert.Equal("https://127.0.0.1:7443/clusters/acme/shop", shop.Server.AbsoluteUri);
        Assert.Equal("CN=ada, O=staff", shop.ClientCertificate!.Subject);
        Assert.True(shop.ClientCertificate.HasPrivateKey);
        Assert.Equal("CN=authority", Assert.Single(shop.Ca!).Subject);
        Assert.Equal("web", shop.DefaultNamespace);
        Assert.Null(shop.BearerToken);
        Assert.Equal("s3cret", root.BearerToken);
        Assert.Equal("default", root.DefaultNamespace);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }

        Directory.Delete(directory, recursive: true);
    }

    /// <summary>What one kubeconfig says of how a server is reached, another that is made of it says too.</summary>
    [Fact]
    public void Render_HowTheServerIsReached_IsReadAgain()
    {
        (string ca, _) = TestCertificates.SelfSigned("CN=authority");
        var entry = new KubeConfigEntry("edge", new Uri("https://10.0.0.1:6443"), ca) { TlsServerName = "control.example", ProxyUrl = ForwardProxy.Parse("http://jo:se%20cret@proxy:3128").Url };

        ClientConfig reached = KubeConfig.Parse(KubeConfig.Render(entry), "/");
        ClientConfig insecure = KubeConfig.Parse(KubeConfig.Render(entry with { InsecureSkipTlsVerify = true }), "/");

        Assert.Equal(("control.example", "http://jo:se%20cret@proxy:3128", false), (reached.TlsServerName, reached.Proxy?.Url, reached.InsecureSkipTlsVerify));
        Assert.NotNull(reached.Ca);

        // kubectl takes no authorities beside that.
        Assert.Equal((true, null), (insecure.InsecureSkipTlsVerify, insecure.Ca));
        Assert.Null(ForwardProxy.FromEnvironment(n => n == "HTTPS_PROXY" ? "http://proxy:3128" : null)!.Url);
    }

    [Fact]
    public async Task Load_FilesBesideIt_AreReadRelativeToIt()
    {
        string directory = Directory.CreateTempSubdirectory("orrery-").FullName;
        (string ca, _) = TestCertificates.SelfSigned("CN=authority");
        File.WriteAllText(Path.Combine(directory, "ca.pem"), ca);
        File.WriteAllText(Path.Combine(directory, "token"), "from-file\n");
        File.WriteAllText(Path.Combine(directory, "config"), """
            apiVersion: v1
            kind: Config
            current-context: c
            contexts: [{name: c, context: {cluster: k, user: u}}]
            clusters: [{name: k, cluster: {server: "https://host:6443", certificate-authority: ca.pem, tls-server-name: kubernetes}}]
            users: [{name: u, user: {tokenFile: token}}]
            """);

        ClientConfig config = KubeConfig.Load(Path.Combine(directory, "config"));

        Assert.Equal("CN=authority", Assert.Single(config.Ca!).Subject);
        Assert.Equal("kubernetes", config.TlsServerName);
        Assert.Equal("from-file", await config.TokenSource!(CancellationToken.None));
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Parse_ExecUser_TakesTheTokenThatTheCommandPrints()
    {
        string answer = Convert.ToBase64String(Encoding.UTF8.GetBytes("""{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"made"}}"""));
        ClientConfig config = KubeConfig.Parse($$$"""
            current-context: c
            contexts: [{name: c, context: {cluster: k, user: u}}]
            clusters: [{name: k, cluster: {server: "https://host:6443"}}]
            users:
            - name: u
              user:
                exec: {command: sh, args: [-c, 'echo $ANSWER | base64 -d'], env: [{name: ANSWER, value: {{{answer}}}}], apiVersion: client.authentication.k8s.io/v1}
            """, "/");

        Assert.Equal("made", await config.TokenSource!(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("server: 'host:6443'", "server 'host:6443' does not have the form https://host:port")]
    [InlineData("server: 'https://host:6443', certificate-authority-data: '?'", "certificate-authority-data is no base64")]
    public void Parse_WhatMakesNoSense_SaysWhere(string cluster, string fault) => Assert.Equal(
        $"kubeconfig: {fault}",
        Assert.Throws<InvalidDataException>(() => KubeConfig.Parse($"current-context: c\ncontexts: [{{name: c, context: {{cluster: k}}}}]\nclusters: [{{name: k, cluster: {{{cluster}}}}}]\n", "/")).Message);

    [Fact]
    public void Parse_UnknownContext_SaysWhichOne()
    {
        var fault = Assert.Throws<InvalidDataException>(() => KubeConfig.Parse("contexts: []\n", "/", "gone"));

        Assert.Equal("kubeconfig: contexts holds no context named 'gone'", fault.Message);
    }
}
