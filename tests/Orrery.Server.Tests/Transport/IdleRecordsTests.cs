using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Server.Transport;

namespace Orrery.Server.Tests.Transport;

public sealed class IdleRecordsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Fails where the runtime has changed so that idle connections keep their blocks again.</summary>
    [Fact]
    public async Task TryRelease_OfASession_HoldsAndItGoesOn()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && SafeEvpPKeyHandle.OpenSslVersion >> 28 == 3, "blocks are let go of with OpenSSL 3 alone");
        using X509Certificate2 certificate = Certificate();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var dialled = new TcpClient();
        Task dialling = dialled.ConnectAsync((IPEndPoint)listener.LocalEndpoint, Token).AsTask();
        using TcpClient accepted = await listener.AcceptTcpClientAsync(Token);
        await dialling;
        await using var server = new SslStream(accepted.GetStream());
        await using var client = new SslStream(dialled.GetStream());

        Assert.False(IdleRecords.TryRelease(server));
        await Task.WhenAll(
            server.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate }, Token),
            client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "a", RemoteCertificateValidationCallback = (_, _, _, _) => true }, Token));
        Assert.True(IdleRecords.TryRelease(server));

        byte[] sent = RandomNumberGenerator.GetBytes(100_000), heard = new byte[sent.Length];
        foreach ((SslStream from, SslStream to) in ((SslStream, SslStream)[])[(client, server), (server, client), (client, server)])
        {
            await Task.WhenAll(from.WriteAsync(sent, Token).AsTask(), to.ReadExactlyAsync(heard, Token).AsTask());
            Assert.Equal(sent, heard);
        }
    }

    private static X509Certificate2 Certificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return new CertificateRequest("CN=a", key, HashAlgorithmName.SHA256).CreateSelfSigned(now, now.AddYears(20));
    }
}
