using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Orrery.Client.Tests.Support;

/// <summary>An authority and a server certificate for 127.0.0.1 that it signed.</summary>
internal sealed record TestCertificates(X509Certificate2Collection Ca, X509Certificate2 Server)
{
    private static readonly DateTimeOffset From = TimeProvider.System.GetUtcNow().AddMinutes(-5);

    public static TestCertificates Create()
    {
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var ca = new CertificateRequest("CN=test authority", caKey, HashAlgorithmName.SHA256);
        ca.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using X509Certificate2 authority = ca.CreateSelfSigned(From, From.AddHours(2));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var server = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        server.CertificateExtensions.Add(names.Build());
        using X509Certificate2 signed = server.Create(authority, From, From.AddHours(1), [1, 2, 3, 4]);
        return new TestCertificates(
            [X509CertificateLoader.LoadCertificate(authority.RawData)],
            signed.CopyWithPrivateKey(key));
    }

    /// <summary>PEMs of a self-signed certificate and its key.</summary>
    public static (string Certificate, string Key) SelfSigned(string subject)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 made = new CertificateRequest(subject, key, HashAlgorithmName.SHA256).CreateSelfSigned(From, From.AddHours(1));
        return (made.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
