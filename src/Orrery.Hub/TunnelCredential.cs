using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Hub;

/// <summary>As whom, and by which certificate, a satellite opened its tunnel.</summary>
/// <param name="DataPlaneUid">Which DataPlane of that name it was then; a certificate that an operator issued holds for all of them, and its satellite is to notice.</param>
/// <param name="Expires">When the certificate ends; the far future for one that came with another credential.</param>
/// <param name="Digest">Of the certificate; empty without one.</param>
internal sealed record TunnelCredential(SatelliteUserName Satellite, string DataPlaneUid, DateTimeOffset Expires, string Digest)
{
    /// <summary>Whether the certificate is the satellite's own, so that nobody stands between it and the connection.</summary>
    public bool IsPresented { get; init; }

    public bool IsFor(KubeObject dataPlane) => dataPlane.Uid == DataPlaneUid && Satellite.IsOf(dataPlane);

    public static TunnelCredential Of(SatelliteUserName satellite, KubeObject dataPlane, X509Certificate2? presented)
    {
        if (presented is null)
        {
            return new TunnelCredential(satellite, dataPlane.Uid, DateTimeOffset.MaxValue, "");
        }

        // Other requests of the connection may look at it at the same time, for which it is not made. A copy shares what was decoded.
        using var certificate = new X509Certificate2(presented);
        return new TunnelCredential(satellite, dataPlane.Uid, certificate.NotAfter.ToUniversalTime(), certificate.GetCertHashString(HashAlgorithmName.SHA256))
        {
            IsPresented = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) == satellite.ToString(),
        };
    }
}
