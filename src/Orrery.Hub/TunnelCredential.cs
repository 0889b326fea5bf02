using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Api.Kinds;

namespace Orrery.Hub;

/// <summary>As whom, and by which certificate, a satellite opened its tunnel.</summary>
/// <param name="Expires">When the certificate ends; the far future for one that came with another credential.</param>
/// <param name="Digest">Of the certificate; empty without one.</param>
internal sealed record TunnelCredential(SatelliteUserName Satellite, DateTimeOffset Expires, string Digest)
{
    public static TunnelCredential Of(SatelliteUserName satellite, X509Certificate2? presented)
    {
        if (presented is null)
        {
            return new TunnelCredential(satellite, DateTimeOffset.MaxValue, "");
        }

        // Other requests of the connection may look at it at the same time, for which it is not made.
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(presented.RawData);
        return new TunnelCredential(satellite, certificate.NotAfter.ToUniversalTime(), certificate.GetCertHashString(HashAlgorithmName.SHA256));
    }
}
