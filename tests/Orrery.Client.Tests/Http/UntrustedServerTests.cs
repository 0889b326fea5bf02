using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Orrery.Server.Security;
using Orrery.Testing;

namespace Orrery.Client.Tests.Http;

/// <summary>What is said of a server that cannot be trusted: whoever reads the log looks for its cause.</summary>
public sealed class UntrustedServerTests
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    [Fact]
    public async Task Request_CertificateNotValidYet_SaysWhatThisMachinesClockSays()
    {
        // As a machine sees it whose clock is two days behind.
        using CertificateAuthority authority = CertificateAuthority.Create("later", Lifetime, new ShiftedTime { Shift = TimeSpan.FromDays(2) });

        HttpRequestException fault = await AskAsync(authority, authority);

        Assert.Matches(@"^no trusted connection to 127\.0\.0\.1:[0-9]+: .*NotTimeValid.* \(this machine's clock says [0-9]{4}-[0-9-]+ [0-9:]+Z\)$", fault.Message);
    }

    [Fact]
    public async Task Request_CertificateOfAnotherAuthority_SaysThat()
    {
        using CertificateAuthority theirs = CertificateAuthority.Create("theirs", Lifetime, TimeProvider.System), ours = CertificateAuthority.Create("ours", Lifetime, TimeProvider.System);

        HttpRequestException fault = await AskAsync(theirs, ours);

        Assert.Matches(@"^no trusted connection to 127\.0\.0\.1:[0-9]+: ", fault.Message);
        Assert.DoesNotContain("clock", fault.Message, StringComparison.Ordinal);
    }

    private static async Task<HttpRequestException> AskAsync(CertificateAuthority theirs, CertificateAuthority ours)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = ServeAsync(listener, theirs.IssueServer(["localhost"], [IPAddress.Loopback], Lifetime).ToX509());
        using var client = new KubeClient(new ClientConfig(new Uri($"https://{listener.LocalEndpoint}"), [ours.Certificate()]));

        HttpRequestException fault = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetTextAsync("/readyz", TestContext.Current.CancellationToken));
        await serving;
        return fault;
    }

    private static async Task ServeAsync(TcpListener listener, X509Certificate2 certificate)
    {
        using TcpClient accepted = await listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(accepted.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(certificate);
            await tls.ReadExactlyAsync(new byte[1]);
        }
        catch (Exception refused) when (refused is IOException or System.Security.Authentication.AuthenticationException)
        {
            // By whom it was asked: that is what is tried.
        }
    }
}
