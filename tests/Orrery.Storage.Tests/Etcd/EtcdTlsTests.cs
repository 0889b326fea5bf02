using System.Net;
using System.Security.Cryptography.X509Certificates;
using Orrery.Server.Authentication;
using Orrery.Server.Security;
using Orrery.Storage.Etcd;
using Orrery.Testing;

namespace Orrery.Storage.Tests.Etcd;

/// <summary>An etcd that shows a certificate and wants one.</summary>
public sealed class EtcdTlsTests : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    private readonly TempDirectory directory = new();
    private readonly CertificateAuthority authority = CertificateAuthority.Create("etcd authority", Lifetime, TimeProvider.System);
    private IReadOnlyList<EtcdMember> members = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (EtcdMember member in members)
        {
            member.Dispose();
        }

        authority.Dispose();
        directory.Dispose();
    }

    [Fact]
    public async Task Open_WithBothCertificates_Works()
    {
        EtcdOptions options = Start();
        await using EtcdStore store = await EtcdStore.OpenAsync(options, Token);

        CommitResult made = await store.CommitAsync(new Transaction([], [new Write("/a", "1"u8.ToArray())]), Token);

        Assert.Equal(made.Revision, (await store.GetAsync("/a", Token))!.ModRevision);
        await foreach (StoreBatch batch in store.WatchAsync("", made.Revision - 1, Token))
        {
            Assert.Equal(made.Revision, batch.Revision);
            break;
        }
    }

    [Fact]
    public async Task Open_WithoutClientCertificate_IsRefused()
    {
        EtcdOptions options = await Ready();

        await Assert.ThrowsAsync<StoreException>(() => EtcdStore.OpenAsync(options with { ClientCertificate = null, RetryFor = TimeSpan.Zero }, Token));
    }

    [Fact]
    public async Task Open_MemberOfAnotherAuthority_IsRefused()
    {
        EtcdOptions options = await Ready();
        using CertificateAuthority stranger = CertificateAuthority.Create("stranger", Lifetime, TimeProvider.System);

        await Assert.ThrowsAsync<StoreException>(() => EtcdStore.OpenAsync(options with { Ca = [stranger.Certificate()], RetryFor = TimeSpan.Zero }, Token));
    }

    /// <summary>A server runs for longer than its certificate is good.</summary>
    [Fact]
    public async Task Call_AfterTheCertificateWasRenewed_ShowsTheNewOne()
    {
        EtcdOptions options = await Ready();
        using CertificateAuthority stranger = CertificateAuthority.Create("stranger", Lifetime, TimeProvider.System);
        IssuedCertificate former = stranger.IssueClient("orrery", [], ClusterScope.Root, Lifetime), renewed = authority.IssueClient("orrery", [], ClusterScope.Root, Lifetime);
        string certificate = directory.Write("client.crt", former.CertificatePem), key = directory.Write("client.key", former.KeyPem);
        var files = new CertificateFiles(certificate, key);
        int shown = 0;
        Task<EtcdStore> opening = EtcdStore.OpenAsync(options with
        {
            ClientCertificate = () =>
            {
                Interlocked.Increment(ref shown);
                return files.Current;
            },
        }, Token);
        await Eventually.TrueAsync(() => Volatile.Read(ref shown) > 0, "the former was shown", cancellationToken: Token);
        Assert.False(opening.IsCompletedSuccessfully);

        // Half of it is there for a moment.
        directory.Write("client.crt", renewed.CertificatePem);
        Assert.Equal(former.ToX509().Thumbprint, files.Current.Thumbprint);
        directory.Write("client.key", renewed.KeyPem);

        await using EtcdStore store = await opening;
        Assert.Equal(renewed.ToX509().Thumbprint, files.Current.Thumbprint);
    }

    /// <summary>Options of an etcd that has been seen to answer.</summary>
    private async Task<EtcdOptions> Ready()
    {
        EtcdOptions options = Start();
        await using EtcdStore store = await EtcdStore.OpenAsync(options, Token);
        return options;
    }

    private static Func<X509Certificate2> Shown(IssuedCertificate certificate)
    {
        X509Certificate2 one = certificate.ToX509();
        return () => one;
    }

    private EtcdOptions Start()
    {
        EtcdFixture.SkipWithoutEtcd();
        IssuedCertificate server = authority.IssueServer(["localhost"], [IPAddress.Loopback], Lifetime);
        IssuedCertificate client = authority.IssueClient("orrery", [], ClusterScope.Root, Lifetime);
        members = EtcdMember.StartCluster(1, directory.Path,
        [
            "--cert-file", directory.Write("server.crt", server.CertificatePem), "--key-file", directory.Write("server.key", server.KeyPem),
            "--trusted-ca-file", directory.Write("ca.crt", authority.CertificatePem), "--client-cert-auth",
        ]);
        return new EtcdOptions { Endpoints = [members[0].Client], Ca = [authority.Certificate()], ClientCertificate = Shown(client), CallTimeout = EtcdHarness.OfACall, RetryFor = EtcdHarness.Patience };
    }
}
