using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Server.Authentication;

namespace Orrery.Server.Security;

/// <summary>Signs server and client certificates of one installation. ECDSA P-256 throughout, but for an authority that somebody else made.</summary>
public sealed class CertificateAuthority : IDisposable
{
    /// <summary>Clocks of two machines differ: certificates begin this much before now.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    private readonly X509Certificate2 issuer;
    private readonly TimeProvider time;

    private CertificateAuthority(X509Certificate2 issuer, string certificatePem, string keyPem, TimeProvider time)
    {
        this.issuer = issuer;
        this.time = time;
        CertificatePem = certificatePem;
        KeyPem = keyPem;
    }

    public string CertificatePem { get; }

    /// <summary>By which people and stores tell authorities apart: <c>sha256:</c> and the digest of the certificate.</summary>
    public string Fingerprint => "sha256:" + issuer.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant();

    /// <summary>Id of its key, in hex, as the certificates that it signs name it.</summary>
    public string KeyId => Convert.ToHexStringLower(issuer.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.Span);

    /// <summary>Whether a certificate says that it comes from this authority: which of two of one name, its chain does not say in itself.</summary>
    public bool Issued(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier is { } id && Convert.ToHexStringLower(id.Span) == KeyId;

    /// <summary>PKCS#8. A secret.</summary>
    public string KeyPem { get; }

    /// <summary>A new self-signed authority.</summary>
    /// <param name="name">Common name.</param>
    /// <param name="lifetime">At least that of the longest-lived certificate it is to sign.</param>
    public static CertificateAuthority Create(string name, TimeSpan lifetime, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(name);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        DateTimeOffset now = time.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now - Skew, now + lifetime);
        return Load(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), time);
    }

    /// <exception cref="CryptographicException">The texts are no certificate and its key.</exception>
    public static CertificateAuthority Load(string certificatePem, string keyPem, TimeProvider time) =>
        new(X509Certificate2.CreateFromPem(certificatePem, keyPem), certificatePem, keyPem, time);

    /// <summary>A fresh instance without the private key; the caller disposes it.</summary>
    public X509Certificate2 Certificate() => X509Certificate2.CreateFromPem(CertificatePem);

    /// <summary>A serving certificate.</summary>
    /// <param name="names">DNS names; the first becomes the common name.</param>
    public IssuedCertificate IssueServer(IReadOnlyList<string> names, IReadOnlyList<IPAddress> addresses, TimeSpan lifetime)
    {
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            alternatives.AddDnsName(name);
        }

        foreach (IPAddress address in addresses)
        {
            alternatives.AddIpAddress(address);
        }

        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(names.Count > 0 ? names[0] : addresses[0].ToString());
        return Issue(subject, alternatives, ServerAuthentication, lifetime);
    }

    /// <summary>A client certificate: common name = user, organisations = groups, the scope as a URI.</summary>
    /// <exception cref="ArgumentException">The scope is a virtual cluster without its uid.</exception>
    public IssuedCertificate IssueClient(string user, IReadOnlyList<string> groups, ClusterScope scope, TimeSpan lifetime)
    {
        scope.RequireIssuable();
        var subject = new X500DistinguishedNameBuilder();
        foreach (string group in groups)
        {
            subject.AddOrganizationName(group);
        }

        subject.AddCommonName(user);
        var alternatives = new SubjectAlternativeNameBuilder();
        alternatives.AddUri(new Uri(scope.ToUri()));
        return Issue(subject, alternatives, ClientAuthentication, lifetime);
    }

    /// <summary>A client certificate for a key that somebody else holds. Nothing of the request but its key and its subject is taken over.</summary>
    /// <param name="request">Read with its signature checked.</param>
    /// <returns>PEM.</returns>
    public string SignClient(CertificateRequest request, ClusterScope scope, bool mayEncipherKeys, TimeSpan lifetime)
    {
        scope.RequireIssuable();
        var alternatives = new SubjectAlternativeNameBuilder();
        alternatives.AddUri(new Uri(scope.ToUri()));
        var issued = new CertificateRequest(request.SubjectName, request.PublicKey, HashAlgorithmName.SHA256);
        X509KeyUsageFlags usage = X509KeyUsageFlags.DigitalSignature | (mayEncipherKeys ? X509KeyUsageFlags.KeyEncipherment : X509KeyUsageFlags.None);
        using X509Certificate2 certificate = Sign(issued, usage, ClientAuthentication, alternatives, lifetime);
        return certificate.ExportCertificatePem() + "\n";
    }

    public void Dispose() => issuer.Dispose();

    private IssuedCertificate Issue(X500DistinguishedNameBuilder subject, SubjectAlternativeNameBuilder alternatives, Oid usage, TimeSpan lifetime)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = Sign(request, X509KeyUsageFlags.DigitalSignature, usage, alternatives, lifetime);
        return new IssuedCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private X509Certificate2 Sign(CertificateRequest request, X509KeyUsageFlags keyUsage, Oid usage, SubjectAlternativeNameBuilder alternatives, TimeSpan lifetime)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(keyUsage, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([usage], false));
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));

        // An authority that somebody else made may have no identifier of its key.
        bool hasKeyIdentifier = issuer.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Any();
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, hasKeyIdentifier, !hasKeyIdentifier));

        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset end = now + lifetime;
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;

        // The key that is certified may be of another kind than the authority's.
        using RSA? rsa = issuer.GetRSAPrivateKey();
        using ECDsa? curve = issuer.GetECDsaPrivateKey();
        X509SignatureGenerator signer = rsa is not null ? X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1) : X509SignatureGenerator.CreateForECDsa(curve!);
        return request.Create(issuer.SubjectName, signer, now - Skew, end < issuer.NotAfter ? end : issuer.NotAfter, serial);
    }
}
