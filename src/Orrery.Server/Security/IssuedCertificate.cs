using System.Security.Cryptography.X509Certificates;

namespace Orrery.Server.Security;

/// <summary>A certificate with its private key, both PEM. The key is a secret: write it with mode 0600, never log it.</summary>
public sealed record IssuedCertificate(string CertificatePem, string KeyPem)
{
    /// <summary>A fresh instance with the private key; the caller disposes it.</summary>
    public X509Certificate2 ToX509() => X509Certificate2.CreateFromPem(CertificatePem, KeyPem);

    /// <summary>Keeps the key out of whatever prints records.</summary>
    public override string ToString() => nameof(IssuedCertificate);
}
