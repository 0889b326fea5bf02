using System.Net;
using System.Net.NetworkInformation;
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

    /// <summary>At once, since waiting does not help; and with what has to be told otherwise.</summary>
    [Fact]
    public async Task Open_InAWayThatCannotWork_SaysWhatStandsInTheWay()
    {
        EtcdOptions options = (await Ready()) with { OpenFor = TimeSpan.FromMinutes(10), Advice = obstacle => $"<{obstacle}>", Waiting = reason => Assert.Fail($"waits: {reason}") };
        using CertificateAuthority stranger = CertificateAuthority.Create("stranger", Lifetime, TimeProvider.System);
        Uri member = members[0].Client;

        await RefusedAsync("<ClientCertificate>", options with { ClientCertificate = null });
        await RefusedAsync("its certificate is not trusted (PartialChain); <Authority>", options with { Ca = [stranger.Certificate()] });
        await RefusedAsync("<Tls>", options with { Endpoints = [new UriBuilder(member) { Scheme = "http" }.Uri] });
        EtcdMember plain = EtcdMember.StartCluster(1, Path.Combine(directory.Path, "plain"))[0], misnamed = EtcdMember.StartCluster(1, Path.Combine(directory.Path, "misnamed"), Shows("misnamed", "etcd-0.example.test"))[0];
        members = [.. members, plain, misnamed];
        await using (await EtcdStore.OpenAsync(new EtcdOptions { Endpoints = [plain.Client], CallTimeout = EtcdHarness.OfACall }, Token))
        {
        }

        await RefusedAsync("<Plain>", options with { Endpoints = [new UriBuilder(plain.Client) { Scheme = "https" }.Uri] });
        await Eventually.TrueAsync(() => IsListening(misnamed.Client.Port), "the misnamed member listens", cancellationToken: Token);
        await RefusedAsync("its certificate is for another name; <HostName>", options with { Endpoints = [misnamed.Client] });
    }

    /// <summary>A member that is not there yet may come; who waits is told for what.</summary>
    [Fact]
    public async Task Open_MemberThatIsNotThereYet_WaitsForItAndSaysSo()
    {
        EtcdOptions options = await Ready();
        members[0].Kill();
        var told = new TaskCompletionSource<string>();

        Task<EtcdStore> opening = EtcdStore.OpenAsync(options with { RetryFor = TimeSpan.Zero, Waiting = reason => told.TrySetResult(reason) }, Token);

        Assert.Matches($"^etcd, {members[0].Client.Authority}: .*refused", await told.Task.WaitAsync(EtcdHarness.Patience, Token));
        members[0].Start();
        await using EtcdStore store = await opening;
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

    private static bool IsListening(int port) => IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(listener => listener.Port == port);

    private async Task RefusedAsync(string why, EtcdOptions options)
    {
        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => EtcdStore.OpenAsync(options, Token));
        Assert.StartsWith($"etcd, {options.Endpoints[0].Authority}: ", refused.Message);
        Assert.EndsWith(why, refused.Message);
    }

    private static Func<X509Certificate2> Shown(IssuedCertificate certificate)
    {
        X509Certificate2 one = certificate.ToX509();
        return () => one;
    }

    /// <summary>Options by which a member shows a certificate.</summary>
    private string[] Shows(string file, string name, params IPAddress[] addresses)
    {
        IssuedCertificate server = authority.IssueServer([name], addresses, Lifetime);
        return ["--cert-file", directory.Write(file + ".crt", server.CertificatePem), "--key-file", directory.Write(file + ".key", server.KeyPem)];
    }

    private EtcdOptions Start()
    {
        EtcdFixture.SkipWithoutEtcd();
        IssuedCertificate client = authority.IssueClient("orrery", [], ClusterScope.Root, Lifetime);
        members = EtcdMember.StartCluster(1, directory.Path,
        [.. Shows("server", "localhost", IPAddress.Loopback), "--trusted-ca-file", directory.Write("ca.crt", authority.CertificatePem), "--client-cert-auth"]);
        return new EtcdOptions { Endpoints = [members[0].Client], Ca = [authority.Certificate()], ClientCertificate = Shown(client), CallTimeout = EtcdHarness.OfACall, RetryFor = EtcdHarness.Patience };
    }
}
