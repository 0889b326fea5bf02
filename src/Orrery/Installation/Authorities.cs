using System.Security.Cryptography.X509Certificates;
using Orrery.Server.Security;

namespace Orrery.Installation;

/// <summary>The certificate authorities of an installation: one, or two while one takes the place of the other.</summary>
/// <param name="Serving">That the certificates of its servers come from: the former, until nobody is left who knows that one alone.</param>
/// <param name="Signing">That client certificates come from.</param>
/// <param name="Next">The one that takes the place of <paramref name="Serving"/>; null when none does.</param>
internal sealed record Authorities(CertificateAuthority Serving, CertificateAuthority Signing, CertificateAuthority? Next) : IDisposable
{
    /// <summary>All that are trusted, the one of the servers first.</summary>
    public string TrustedPem => Serving.CertificatePem.TrimEnd() + "\n" + (Next is null ? "" : Next.CertificatePem.TrimEnd() + "\n");

    /// <summary>The same; fresh instances, which the caller disposes.</summary>
    public X509Certificate2Collection Trusted()
    {
        var all = new X509Certificate2Collection { Serving.Certificate() };
        if (Next is not null)
        {
            all.Add(Next.Certificate());
        }

        return all;
    }

    public void Dispose()
    {
        Serving.Dispose();
        Next?.Dispose();
    }
}
