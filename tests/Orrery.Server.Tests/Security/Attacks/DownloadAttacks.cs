using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Tests.Security.Attacks;

/// <summary>A certificate may say where its issuer can be downloaded. Whoever runs a webhook would have the server go there, wherever that is.</summary>
public sealed class DownloadAttacks(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource Webhooks = new("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations");

    [Fact]
    public async Task Webhook_WhoseCertificateNamesAPlace_IsNotFollowedThere()
    {
        using var trap = new Trap();
        using X509Certificate2 certificate = Certificate($"http://127.0.0.1:{trap.Port}/issuer.crt");
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<int> serving = ServeAsync(listener, certificate);
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(Webhooks, "", (JsonObject)JsonNode.Parse($$"""
            {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "{{ns}}"},
             "webhooks": [{"name": "a.example.com", "clientConfig": {"url": "https://127.0.0.1:{{((IPEndPoint)listener.LocalEndpoint).Port}}/"}, "sideEffects": "None", "admissionReviewVersions": ["v1"],
               "timeoutSeconds": 20, "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "{{ns}}"} },
               "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"]}]}]}
            """)!, ServerFixture.Token);

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), ServerFixture.Token));

        listener.Stop();
        Assert.Equal(500, refused.Code);
        Assert.True(await serving > 0, "the webhook was asked");
        Assert.Equal(0, trap.Connections);
    }

    /// <summary>Of an issuer that nobody here knows, and that can be had at a place.</summary>
    private static X509Certificate2 Certificate(string place)
    {
        DateTimeOffset from = TimeProvider.System.GetUtcNow() - TimeSpan.FromMinutes(5), to = from + TimeSpan.FromDays(1);
        using var issuing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=somebody", issuing, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 issuer = authority.CreateSelfSigned(from, to);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=webhook", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(ocspUris: null, caIssuersUris: [place]));
        using X509Certificate2 signed = request.Create(issuer, from, to, [1, 2, 3, 4]);
        return signed.CopyWithPrivateKey(key);
    }

    /// <returns>How many came.</returns>
    private static async Task<int> ServeAsync(TcpListener listener, X509Certificate2 certificate)
    {
        // This server itself does not look for its issuer either.
        var options = new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true) };
        int came = 0;
        while (true)
        {
            try
            {
                using TcpClient client = await listener.AcceptTcpClientAsync();
                came++;
                await using var tls = new SslStream(client.GetStream());
                await tls.AuthenticateAsServerAsync(options);
                _ = await tls.ReadAsync(new byte[1]);
            }
            catch (Exception refused) when (refused is IOException or AuthenticationException)
            {
                // What was shown was not taken.
            }
            catch (Exception end) when (end is SocketException or InvalidOperationException)
            {
                // It was stopped, within a wait or between two.
                return came;
            }
        }
    }
}
