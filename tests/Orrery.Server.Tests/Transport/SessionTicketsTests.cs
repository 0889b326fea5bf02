using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Server.Transport;

namespace Orrery.Server.Tests.Transport;

public sealed class SessionTicketsTests
{
    private const int TicketsByItself = 2;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Fails where the runtime has changed so that each client is given tickets again.</summary>
    [Fact]
    public async Task TryStop_OfOneSession_GivesLaterOnesNoTickets()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && SafeEvpPKeyHandle.OpenSslVersion >> 28 == 3, "tickets are given anyway without OpenSSL 3");
        using X509Certificate2 certificate = Certificate();
        var shared = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        (int before, bool isStopped) = await RecordsOfHandshakeAsync(listener, shared);
        (int after, _) = await RecordsOfHandshakeAsync(listener, shared);

        Assert.True(isStopped);
        Assert.Equal(before - TicketsByItself, after);
    }

    /// <returns>How many records the server sends before the first byte that it is asked to.</returns>
    private static async Task<(int Records, bool IsStopped)> RecordsOfHandshakeAsync(TcpListener listener, SslStreamCertificateContext shared)
    {
        using var dialled = new TcpClient();
        Task dialling = dialled.ConnectAsync((IPEndPoint)listener.LocalEndpoint, Token).AsTask();
        using TcpClient accepted = await listener.AcceptTcpClientAsync(Token);
        await dialling;
        await using var sent = new MemoryStream();
        await using var server = new SslStream(new Copied(accepted.GetStream(), sent));
        await using var client = new SslStream(dialled.GetStream());
        await Task.WhenAll(
            server.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = shared, EnabledSslProtocols = SslProtocols.Tls13 }, Token),
            client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "a", AllowTlsResume = false, RemoteCertificateValidationCallback = (_, _, _, _) => true }, Token));
        int records = 0;
        for (ReadOnlyMemory<byte> left = sent.ToArray(); !left.IsEmpty; left = left[(5 + BinaryPrimitives.ReadUInt16BigEndian(left.Span[3..]))..])
        {
            records++;
        }

        return (records, SessionTickets.TryStop(server));
    }

    private static X509Certificate2 Certificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        return new CertificateRequest("CN=a", key, HashAlgorithmName.SHA256).CreateSelfSigned(now, now.AddYears(20));
    }

    /// <summary>What is written is kept as well.</summary>
    private sealed class Copied(Stream inner, Stream copy) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            copy.Write(buffer.Span);
            await inner.WriteAsync(buffer, cancellationToken);
        }

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
