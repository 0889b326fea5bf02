using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Orrery.Client;

namespace Orrery.Tests.EndToEnd;

/// <summary>Two tenants with the same names on the same data planes do not meet.</summary>
[Collection(ShopCollection.Name)]
public sealed class IsolationTests(Shop shop)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task SameNames_InTwoTenants_KeepTheirOwnContent()
    {
        await shop.Acme.RunAsync("create configmap same --from-literal=owner=acme");
        await shop.Globex.RunAsync("create configmap same --from-literal=owner=globex");

        foreach (string dataPlane in shop.DataPlanes.Split(','))
        {
            Kubectl inside = shop.DataPlane(dataPlane);
            await Eventually.EqualsAsync("acme", async () => (await inside.TryAsync("get configmap same -n acme-shop-default -o jsonpath={.data.owner}")).Output, Limit);
            await Eventually.EqualsAsync("globex", async () => (await inside.TryAsync("get configmap same -n globex-shop-default -o jsonpath={.data.owner}")).Output, Limit);
        }

        await shop.Acme.RunAsync("delete configmap same");
        await Eventually.EqualsAsync("", async () => await shop.DataPlane("pa2-par").RunAsync("get configmap -n acme-shop-default -o name --field-selector metadata.name=same"), Limit);
        Assert.Equal("globex", await shop.Globex.RunAsync("get configmap same -o jsonpath={.data.owner}"));
        Assert.Equal("globex", await shop.DataPlane("pa2-par").RunAsync("get configmap same -n globex-shop-default -o jsonpath={.data.owner}"));
        await shop.Globex.RunAsync("delete configmap same");
    }

    /// <summary>Every spelling by which a credential of acme might reach globex or root.</summary>
    [Theory]
    [InlineData("/clusters/globex/shop/api/v1/namespaces")]
    [InlineData("/clusters/globex/shop/api/v1/namespaces/default/configmaps")]
    [InlineData("/clusters/acme/../globex/shop/api/v1/namespaces")]
    [InlineData("/clusters/acme/shop/../../globex/shop/api/v1/namespaces")]
    [InlineData("/clusters/acme/shop/..%2f..%2fglobex/shop/api/v1/namespaces")]
    [InlineData("/clusters/acme/shop/%2e%2e/%2e%2e/globex/shop/api/v1/namespaces")]
    [InlineData("/clusters/acme%2fshop/api/v1/namespaces")]
    [InlineData("/clusters/%61cme/../globex/shop/api/v1/namespaces")]
    [InlineData("/clusters/acme//globex/shop/api/v1/namespaces")]
    [InlineData("//clusters/globex/shop/api/v1/namespaces")]
    [InlineData("/./clusters/globex/shop/api/v1/namespaces")]
    [InlineData("/clusters/acme/shop/clusters/globex/shop/api/v1/namespaces")]
    [InlineData("/clusters/globex%00/shop/api/v1/namespaces")]
    [InlineData("/clusters/acme/shop/%252e%252e/%252e%252e/globex/shop/api/v1/namespaces")]
    [InlineData("/clusters/acme\\..\\globex/shop/api/v1/namespaces")]
    [InlineData("/clusters/*/api/v1/namespaces")]
    [InlineData("/clusters/%2a/api/v1/namespaces")]
    [InlineData("/api/v1/namespaces")]
    [InlineData("/api/v1/secrets")]
    [InlineData("/apis/orrery.dev/v1alpha1/virtualclusters")]
    public async Task TenantsCredential_OnAnotherCluster_IsRefused(string path)
    {
        int status = await SendAsync(path);

        Assert.True(status is 400 or 401 or 403 or 404, $"{path} answered {status}");
    }

    [Theory]
    [InlineData("/clusters/globex/shop/api/v1/namespaces")]
    [InlineData("/api/v1/namespaces")]
    public async Task IdentityHeaders_SentByAClient_ChangeNothing(string path)
    {
        int status = await SendAsync(path, "X-Remote-User: admin\r\nX-Remote-Group: system:masters\r\nX-Remote-Extra-Scopes: all\r\n");

        Assert.True(status is 401 or 403 or 404, $"{path} answered {status}");
    }

    [Fact]
    public async Task TenantsCredential_OnItsOwnCluster_IsServed()
    {
        Assert.Equal(200, await SendAsync("/clusters/acme/shop/api/v1/namespaces"));
    }

    [Fact]
    public async Task Anonymous_OnAnyCluster_SeesNothing()
    {
        Assert.True(await SendAsync("/clusters/acme/shop/api/v1/namespaces", certificate: false) is 401 or 403);
        Assert.True(await SendAsync("/api/v1/secrets", certificate: false) is 401 or 403);
    }

    /// <summary>Sends a path as it stands: HttpClient would tidy it up first.</summary>
    private async Task<int> SendAsync(string path, string headers = "", bool certificate = true)
    {
        ClientConfig config = KubeConfig.Load(shop.Acme.Kubeconfig);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, shop.Port, TestContext.Current.CancellationToken);
        await using var tls = new SslStream(tcp.GetStream());
        using X509Certificate2 client = X509CertificateLoader.LoadPkcs12(config.ClientCertificate!.Export(X509ContentType.Pkcs12), null);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ClientCertificates = certificate ? [client] : [],
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { config.Ca![0] }, RevocationMode = X509RevocationMode.NoCheck },
            },
            TestContext.Current.CancellationToken);
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n"), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(tls);
        string line = await reader.ReadLineAsync(TestContext.Current.CancellationToken) ?? "";
        Assert.StartsWith("HTTP/1.1 ", line, StringComparison.Ordinal);
        return int.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
