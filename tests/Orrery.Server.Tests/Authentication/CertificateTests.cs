using System.Security.Cryptography.X509Certificates;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Security;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Authentication;

public sealed class CertificateTests
{
    [Fact]
    public async Task Authenticate_OwnAuthority_ReadsUserGroupsAndScope()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        using X509Certificate2 certificate = world.Client("jane", ClusterScope.Root, "dev", "ops");

        UserInfo user = await world.IdentifyAsync("/api/v1/pods", certificate);

        Assert.Equal("jane", user.Name);
        Assert.Equal(["dev", "ops", "system:authenticated"], user.Groups.Order());
        Assert.Equal(ClusterScope.Root, user.Scope);
    }

    [Theory]
    [InlineData("", "/api", true)]
    [InlineData("", "/clusters/acme/shop/api", false)]
    [InlineData("", "/clusters/*/api/v1/pods", false)]
    [InlineData("acme/shop", "/clusters/acme/shop/api", true)]
    [InlineData("acme/shop", "/clusters/beta/shop/api", false)]
    [InlineData("acme/shop", "/api", false)]
    [InlineData("acme/shop", "/clusters/*/api/v1/pods", false)]
    [InlineData("*/*", "/api", true)]
    [InlineData("*/*", "/clusters/beta/shop/api", true)]
    [InlineData("*/*", "/clusters/*/api/v1/pods", true)]
    public async Task Authenticate_Scope_DecidesWhereItHolds(string scope, string target, bool holds)
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        using X509Certificate2 certificate = world.Client("jane", AccessWorld.ScopeOf(ClusterName.Parse(scope)), UserGroups.Masters);

        if (holds)
        {
            Assert.Equal("jane", (await world.IdentifyAsync(target, certificate)).Name);
        }
        else
        {
            Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync(target, certificate))).Code);
        }
    }

    [Fact]
    public async Task Authenticate_ForeignAuthorityOfTheSameName_Is401()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        using CertificateAuthority foreign = CertificateAuthority.Create("orrery test", TimeSpan.FromDays(10), world.Clock);
        using X509Certificate2 certificate = foreign.IssueClient("jane", [UserGroups.Masters], ClusterScope.All, TimeSpan.FromDays(1)).ToX509();

        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync("/api", certificate))).Code);
    }

    [Fact]
    public async Task Authenticate_ServerCertificate_Is401()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        using X509Certificate2 certificate = world.Authority.IssueServer(["localhost"], [], TimeSpan.FromDays(1)).ToX509();

        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync("/api", certificate))).Code);
    }

    /// <summary>As on a new connection whose first requests come together: they share one certificate that nobody has read yet.</summary>
    [Fact]
    public async Task Authenticate_ManyAtOnceOnOneCertificate_AllAreKnown()
    {
        const int AtOnce = 4;
        await using AccessWorld world = await AccessWorld.StartAsync();
        byte[] issued;
        using (X509Certificate2 certificate = world.Client("jane", ClusterScope.Root))
        {
            issued = certificate.RawData;
        }

        for (int round = 0; round < 2_000; round++)
        {
            using X509Certificate2 unread = X509CertificateLoader.LoadCertificate(issued);
            using var together = new Barrier(AtOnce);
            UserInfo[] users = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Task.Factory.StartNew(
                () =>
                {
                    together.SignalAndWait();
                    return world.IdentifyAsync("/api", unread);
                },
                default, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()));

            Assert.All(users, user => Assert.Equal("jane", user.Name));
        }
    }

    [Fact]
    public async Task Authenticate_ExpiresDuringConnection_Is401()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        using X509Certificate2 certificate = world.Client("jane", ClusterScope.Root);
        Assert.Equal("jane", (await world.IdentifyAsync("/api", certificate)).Name);

        world.Clock.Now += TimeSpan.FromHours(25);

        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync("/api", certificate))).Code);
    }

    [Fact]
    public async Task Authenticate_WithoutCredential_IsAnonymousWhateverAProxyHeaderSays()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();

        UserInfo user = await world.IdentifyAsync("/api", null, ("X-Remote-User", "admin"), ("X-Remote-Group", "system:masters"));

        Assert.Equal("system:anonymous", user.Name);
        Assert.Equal(["system:unauthenticated"], user.Groups);
    }

    [Fact]
    public async Task Authenticate_ClusterMadeAgainUnderItsName_Is401()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        using X509Certificate2 certificate = world.Client("jane", AccessWorld.ScopeOf(AccessWorld.Shop), UserGroups.Masters);
        Assert.Equal("jane", (await world.IdentifyAsync("/clusters/acme/shop/api", certificate)).Name);

        await world.ServeAsync(AccessWorld.Shop, uid: "another");

        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync("/clusters/acme/shop/api", certificate))).Code);
    }

    [Fact]
    public async Task IssueClient_VirtualClusterWithoutUid_IsRefused()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();

        Assert.Throws<ArgumentException>(() => world.Client("jane", new ClusterScope(AccessWorld.Shop)));
    }

    [Theory]
    [InlineData("orrery://clusters/", "")]
    [InlineData("orrery://clusters/acme/shop?uid=1-2", "acme/shop")]
    [InlineData("orrery://clusters/acme/shop", null)]
    [InlineData("orrery://clusters/acme/shop?uid=", null)]
    [InlineData("orrery://clusters/?uid=1-2", null)]
    [InlineData("orrery://clusters/*?uid=1-2", null)]
    [InlineData("orrery://clusters/*", "*/*")]
    [InlineData("orrery://clusters/acme", null)]
    [InlineData("orrery://clusters/acme/*", null)]
    [InlineData("orrery://clusters/acme/shop/x", null)]
    [InlineData("https://clusters/", null)]
    public void FromUri_Text_IsReadStrictly(string uri, string? cluster) => Assert.Equal(cluster, ClusterScope.FromUri(uri)?.Cluster.ToString());
}
