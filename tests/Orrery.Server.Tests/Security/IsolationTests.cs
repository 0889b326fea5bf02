using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Storage;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Server.Tests.Security;

/// <summary>Two tenants on one real server, over TLS: the credential of one reaches nothing of the other, however it asks.</summary>
public sealed class IsolationTests : IAsyncLifetime
{
    private static readonly ClusterName Acme = new("acme", "shop");
    private static readonly ClusterName Beta = new("beta", "shop");

    private readonly MemoryStore store = new(TimeProvider.System);
    private TestServer server = null!;

    public async ValueTask InitializeAsync()
    {
        server = await TestServer.StartAsync(new TestServerOptions { Store = store }, TestContext.Current.CancellationToken);
        foreach (ClusterName cluster in (ClusterName[])[Acme, Beta])
        {
            await PutAsync(OrreryResources.LogicalClusters.GroupResource, ClusterName.Root,
                $$"""{"apiVersion":"internal.orrery.dev/v1alpha1","kind":"LogicalCluster","metadata":{"name":"{{cluster.Name}}","namespace":"{{cluster.Namespace}}","uid":"uid-of-{{cluster.Namespace}}"} }""");
            await PutAsync(new GroupResource("", "configmaps"), cluster,
                $$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"same","namespace":"default"},"data":{"owner":"{{cluster.Namespace}}"} }""");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await store.DisposeAsync();
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Get_WithCertificateOfOneTenant_ReachesItsClusterOnly(string version)
    {
        using X509Certificate2 certificate = server.Certificate("owner", [UserGroups.Masters], new ClusterScope(Acme));
        using HttpClient client = Client(certificate, version);

        (HttpStatusCode own, string body) = await GetAsync(client, "/clusters/acme/shop/api/v1/namespaces/default/configmaps/same");
        Assert.Equal(HttpStatusCode.OK, own);
        Assert.Contains("\"owner\":\"acme\"", body);
        foreach (string target in (string[])["/clusters/beta/shop/api/v1/namespaces/default/configmaps/same", "/api/v1/namespaces", "/clusters/*/api/v1/configmaps", "/version", "/clusters/beta/shop/version", "/clusters/no/such/api"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(client, target)).Code);
        }
    }

    [Fact]
    public async Task Get_WithTokenOfOneTenant_ReachesItsClusterOnly()
    {
        using HttpClient client = Client(null, "2.0");
        client.DefaultRequestHeaders.Add("Authorization", "Bearer " + server.AdminToken(Acme));

        Assert.Contains("\"owner\":\"acme\"", (await GetAsync(client, "/clusters/acme/shop/api/v1/namespaces/default/configmaps/same")).Body);
        foreach (string target in (string[])["/clusters/beta/shop/api/v1/namespaces/default/configmaps/same", "/api/v1/namespaces", "/clusters/*/api/v1/configmaps"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(client, target)).Code);
        }
    }

    [Fact]
    public async Task List_ByControlPlane_SeesAllClustersAndRootsAdministratorDoesNot()
    {
        using X509Certificate2 component = server.Certificate("component", [UserGroups.Masters], ClusterScope.All), admin = server.Certificate("admin", [UserGroups.Masters], ClusterScope.Root);
        using HttpClient all = Client(component, "2.0"), root = Client(admin, "2.0");

        (HttpStatusCode code, string body) = await GetAsync(all, "/clusters/*/api/v1/configmaps");
        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Contains("\"owner\":\"acme\"", body);
        Assert.Contains("\"owner\":\"beta\"", body);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(root, "/clusters/*/api/v1/configmaps")).Code);
        Assert.Equal(HttpStatusCode.Unauthorized, (await GetAsync(root, "/clusters/acme/shop/api/v1/configmaps")).Code);
    }

    [Theory]
    [InlineData("/clusters/acme/shop/../../beta/shop/api/v1/namespaces/default/configmaps/same")]
    [InlineData("/clusters/acme/shop/%2e%2e/%2e%2e/beta/shop/api/v1/namespaces/default/configmaps/same")]
    [InlineData("/clusters/acme/shop/..%2f..%2fbeta/shop/api/v1/namespaces/default/configmaps/same")]
    [InlineData("/clusters/acme/shop/%252e%252e/%252e%252e/beta/shop/api/v1/namespaces/default/configmaps/same")]
    [InlineData("/clusters/acme/../beta/shop/api/v1/namespaces/default/configmaps/same")]
    [InlineData("/clusters/acme%2f..%2fbeta/shop/api/v1/namespaces/default/configmaps/same")]
    [InlineData("/clusters/acme/shop/..\\..\\beta\\shop/api/v1/namespaces/default/configmaps/same")]
    [InlineData("/clusters/acme/shop/api/v1/namespaces/default/configmaps/../../../../../../beta/shop/api/v1/namespaces/default/configmaps/same")]
    [InlineData("/clusters/acme/shop//clusters/beta/shop/api/v1/namespaces/default/configmaps/same")]
    [InlineData("/clusters/acme/shop/clusters/beta/shop/api/v1/namespaces/default/configmaps/same")]
    [InlineData("//clusters/beta/shop/api/v1/namespaces/default/configmaps/same")]
    [InlineData("/%63lusters/beta/shop/api/v1/namespaces/default/configmaps/same")]
    [InlineData("/clusters/beta/shop/api/v1/namespaces/default/configmaps/same?cluster=acme")]
    [InlineData("/clusters/acme:shop/-/api/v1/namespaces/default/configmaps/same")]
    [InlineData("/clusters/acme/shop/api/v1/namespaces/default%2f..%2f..%2fbeta:shop%2fdefault/configmaps/same")]
    [InlineData("https://127.0.0.1/clusters/beta/shop/api/v1/namespaces/default/configmaps/same")]
    public async Task Get_OtherTenantByAnotherSpelling_IsRefused(string target)
    {
        using X509Certificate2 certificate = server.Certificate("owner", [UserGroups.Masters], new ClusterScope(Acme));

        string answer = await SendRawAsync(certificate, $"GET {target} HTTP/1.1\r\nHost: localhost\r\nX-Remote-User: admin\r\nX-Remote-Group: system:masters\r\nX-Original-URL: /clusters/beta/shop/api\r\nConnection: close\r\n\r\n");

        Assert.Matches("^HTTP/1.1 40[0134] ", answer);
        Assert.DoesNotContain("beta\"", answer);
    }

    [Fact]
    public async Task Get_WithProxyHeadersOnly_IsAnonymous()
    {
        using HttpClient client = Client(null, "1.1");
        client.DefaultRequestHeaders.Add("X-Remote-User", "admin");
        client.DefaultRequestHeaders.Add("X-Remote-Group", "system:masters");

        (HttpStatusCode code, string body) = await GetAsync(client, "/api/v1/namespaces");

        Assert.Equal(HttpStatusCode.Forbidden, code);
        Assert.Contains("User \\\"system:anonymous\\\" cannot list resource", body);
    }

    [Fact]
    public async Task Get_Anonymous_CannotTellWhichClustersThereAre()
    {
        using HttpClient client = Client(null, "1.1");

        foreach (string path in (string[])["/version", "/healthz", "/api", "/api/v1/namespaces", "/apis/apps/v1/deployments"])
        {
            (HttpStatusCode Code, string Body) there = await GetAsync(client, "/clusters/acme/shop" + path), absent = await GetAsync(client, "/clusters/no/such" + path);
            Assert.Equal(there, absent);
        }
    }

    private async Task PutAsync(GroupResource resource, ClusterName cluster, string json)
    {
        KubeObject parsed = KubeObject.Parse(Encoding.UTF8.GetBytes(json));
        CommitResult result = await store.CommitAsync(
            new Transaction([], [new Write(StoreKey.Of(resource, cluster, parsed.Namespace, parsed.Name), Encoding.UTF8.GetBytes(json))]), TestContext.Current.CancellationToken);
        Assert.True(result.Succeeded);
    }

    private HttpClient Client(X509Certificate2? certificate, string version)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = Trust;
        if (certificate is not null)
        {
            handler.SslOptions.ClientCertificates = [certificate];
        }

        return new HttpClient(handler) { BaseAddress = server.Url, DefaultRequestVersion = Version.Parse(version), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
    }

    private static async Task<(HttpStatusCode Code, string Body)> GetAsync(HttpClient client, string target)
    {
        using HttpResponseMessage response = await client.GetAsync(target, TestContext.Current.CancellationToken);
        Assert.Equal(client.DefaultRequestVersion, response.Version);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>As no HTTP client would: the target goes out as it is written.</summary>
    private async Task<string> SendRawAsync(X509Certificate2 certificate, string request)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.Url.Port, TestContext.Current.CancellationToken);
        await using var tls = new SslStream(socket.GetStream(), false, Trust);
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ClientCertificates = [certificate] }, TestContext.Current.CancellationToken);
        await tls.WriteAsync(Encoding.Latin1.GetBytes(request), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(tls, Encoding.Latin1);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    private bool Trust(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        using X509Certificate2 authority = X509Certificate2.CreateFromPem(server.CaPem);
        return certificate?.Issuer == authority.Subject;
    }
}
