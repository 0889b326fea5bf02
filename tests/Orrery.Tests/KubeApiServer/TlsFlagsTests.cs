using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Orrery.Commands;
using Orrery.KubeApiServer;

namespace Orrery.Tests.KubeApiServer;

public sealed class TlsFlagsTests
{
    [Fact]
    public void Read_NothingSaid_LeavesItToTheSystem()
    {
        TlsFlags said = Read();

        Assert.Equal((SslProtocols.None, null), (said.Protocols, said.CipherSuites));
    }

    [Theory]
    [InlineData("--tls-min-version=VersionTLS10", "--tls-min-version: 'VersionTLS10' is not offered here, want VersionTLS12 or VersionTLS13")]
    [InlineData("--tls-cipher-suites=TLS_AES_128_GCM_SHA256,TLS_NONSENSE", "--tls-cipher-suites: there is no cipher suite 'TLS_NONSENSE'")]
    [InlineData("--tls-cipher-suites=4865", "--tls-cipher-suites: there is no cipher suite '4865'")]
    public void Read_WhatCannotBe_IsRefusedByName(string flag, string message) => Assert.Equal(message, Assert.Throws<CommandFailedException>(() => Read(flag)).Message);

    [Fact]
    public void Read_NamesOfGo_AreThoseOfIana() =>
        Assert.Equal(
            [TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256],
            Read("--tls-cipher-suites=TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305").CipherSuites!.TakeLast(2));

    [Fact]
    public async Task Serve_BoundsOfTls_HoldForEveryClient()
    {
        // 1. An older client is not let in at all.
        await using (StandIn strict = await StandIn.StartAsync("--tls-min-version=VersionTLS13"))
        {
            await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(strict.Port, SslProtocols.Tls12));
            Assert.Equal(SslProtocols.Tls13, (await HandshakeAsync(strict.Port, SslProtocols.Tls13)).Protocol);
        }

        // 2. One suite for each kind of key is left of those of TLS 1.2, and those of 1.3 stay.
        await using StandIn narrow = await StandIn.StartAsync("--tls-min-version=VersionTLS12", "--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
        TlsCipherSuite taken = (await HandshakeAsync(narrow.Port, SslProtocols.Tls12)).Suite;
        Assert.True(taken is TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, taken.ToString());
        Assert.Equal(SslProtocols.Tls13, (await HandshakeAsync(narrow.Port, SslProtocols.Tls13)).Protocol);
    }

    private static TlsFlags Read(params string[] arguments) => TlsFlags.Read(KubeApiServerFlags.All.Parse(arguments));

    private static async Task<(SslProtocols Protocol, TlsCipherSuite Suite)> HandshakeAsync(int port, SslProtocols offered)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = offered, RemoteCertificateValidationCallback = (_, _, _, _) => true },
            TestContext.Current.CancellationToken);
        return (tls.SslProtocol, tls.NegotiatedCipherSuite);
    }
}
