using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Server.Security;
using Orrery.Testing;

namespace Orrery.Server.Tests.Upkeep;

/// <summary>What extension API servers are told of who is known here, and how.</summary>
public sealed class PublishedTrustTests
{
    private const string Name = "extension-apiserver-authentication";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_WithAProxy_TellsOfItAndOfUsers_BesideWhatOthersHaveSaid()
    {
        using CertificateAuthority proxies = CertificateAuthority.Create("proxies", TimeSpan.FromDays(10), TimeProvider.System), others = CertificateAuthority.Create("others", TimeSpan.FromDays(10), TimeProvider.System);
        using CertificateAuthority ended = CertificateAuthority.Create("ended", TimeSpan.FromDays(10), new ShiftedTime { Shift = TimeSpan.FromDays(-11) });
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { Configure = options => options with { UnscopedCredentials = ClusterScope.Root, FrontProxy = Proxy(proxies) } }, Token);

        // 1. As it is made.
        KubeObject made = await ReadAsync(server, m => true);
        Assert.Equal(Pem(server.CaPem), made.TextAt("data", "client-ca-file"));
        Assert.Equal(Pem(proxies.CertificatePem), made.TextAt("data", "requestheader-client-ca-file"));
        Assert.Equal(
            ("[\"front\"]", "[\"X-Remote-User\"]", "[]", "[\"X-Remote-Group\"]", "[\"X-Remote-Extra-\"]"),
            (made.TextAt("data", "requestheader-allowed-names"), made.TextAt("data", "requestheader-username-headers"), made.TextAt("data", "requestheader-uid-headers"),
                made.TextAt("data", "requestheader-group-headers"), made.TextAt("data", "requestheader-extra-headers-prefix")));

        // 2. Another server of the store has said something, and somebody wrote nonsense over the rest.
        JsonObject changed = made.ToJsonObject();
        changed["data"] = new JsonObject { ["client-ca-file"] = others.CertificatePem + "\n" + ended.CertificatePem, ["requestheader-allowed-names"] = "[\"before\",\"front\"]", ["more"] = "gone" };
        await server.Admin.UpdateAsync(ServerFixture.ConfigMaps, "kube-system", Name, changed, Token);
        KubeObject corrected = await ReadAsync(server, m => m.TextAt("data", "requestheader-username-headers") is not null);
        Assert.Equal(Pem(others.CertificatePem) + Pem(server.CaPem), corrected.TextAt("data", "client-ca-file"));
        Assert.Equal("[\"before\",\"front\"]", corrected.TextAt("data", "requestheader-allowed-names"));
        Assert.Null(corrected.TextAt("data", "more"));

        // 3. Deleted, it comes back.
        await server.Admin.DeleteAsync(ServerFixture.ConfigMaps, "kube-system", Name, null, Token);
        Assert.NotEqual(made.Uid, (await ReadAsync(server, m => m.Uid != made.Uid)).Uid);
    }

    /// <summary>A user's certificate says on which cluster it is good, which an extension server would not ask.</summary>
    [Fact]
    public async Task Start_WithVirtualClusters_DoesNotTellByWhomTheirUsersAreKnown()
    {
        using CertificateAuthority proxies = CertificateAuthority.Create("proxies", TimeSpan.FromDays(10), TimeProvider.System);
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { Configure = options => options with { FrontProxy = Proxy(proxies) } }, Token);

        KubeObject made = await ReadAsync(server, m => true);

        Assert.Equal(Pem(proxies.CertificatePem), made.TextAt("data", "requestheader-client-ca-file"));
        Assert.Null(made.TextAt("data", "client-ca-file"));
    }

    private static FrontProxyOptions Proxy(CertificateAuthority authority) => new()
    {
        Authorities = [authority.Certificate()],
        AllowedNames = ["front"],
        UsernameHeaders = ["X-Remote-User"],
        GroupHeaders = ["X-Remote-Group"],
        ExtraPrefixes = ["X-Remote-Extra-"],
    };

    private static string Pem(string pem)
    {
        using X509Certificate2 certificate = X509Certificate2.CreateFromPem(pem);
        return certificate.ExportCertificatePem() + "\n";
    }

    private static Task<KubeObject> ReadAsync(TestServer server, Func<KubeObject, bool> isSo) =>
        Eventually.SomeAsync(
            async () => await server.Admin.FindAsync(ServerFixture.ConfigMaps, "kube-system", Name, Token) is { } found && isSo(found) ? found : null, "the ConfigMap", cancellationToken: Token);
}
