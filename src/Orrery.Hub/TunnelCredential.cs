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
    private const int LongestInstance = 63;

    /// <summary>Whether the certificate is the satellite's own, so that nobody stands between it and the connection.</summary>
    public bool IsPresented { get; init; }

    /// <summary>Which process of the satellite, as it says itself; empty where it does not.</summary>
    public string Instance { get; init; } = "";

    /// <summary>uid of the cluster that the data plane was then; empty where that was not known.</summary>
    public string Cluster { get; init; } = "";

    public bool IsFor(KubeObject dataPlane) => dataPlane.Uid == DataPlaneUid && Satellite.IsOf(dataPlane);

    /// <summary>Whether it still lets its satellite in, and no other cluster was let take the place of its one.</summary>
    public bool IsGood(KubeObject dataPlane, DateTimeOffset now) => Expires > now && IsFor(dataPlane) && (Cluster.Length == 0 || ClusterOf(dataPlane) == Cluster);

    /// <param name="instance">As the satellite says; more than a name's length is none.</param>
    public static TunnelCredential Of(SatelliteUserName satellite, KubeObject dataPlane, X509Certificate2? presented, string instance) =>
        Of(satellite, dataPlane, presented) with { Instance = instance.Length <= LongestInstance ? instance : "", Cluster = ClusterOf(dataPlane) };

    private static string ClusterOf(KubeObject dataPlane) => dataPlane.TextAt("status", "clusterUid") ?? "";

    private static TunnelCredential Of(SatelliteUserName satellite, KubeObject dataPlane, X509Certificate2? presented)
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
