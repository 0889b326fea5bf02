using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Joining;

/// <summary>What a satellite is known by, as its Secret holds it. Every text is a secret or goes with one.</summary>
/// <param name="ClusterUid">The cluster that it was issued to: elsewhere it is a copy, and worth nothing.</param>
/// <param name="AuthoritiesPem">That the control plane's certificate may come from.</param>
/// <param name="NextKeyPem">Key of a request that is under way; null when none is.</param>
/// <param name="UsedToken">Digest of the token that was joined with last.</param>
internal sealed record SatelliteIdentity(
    string DataPlane, string ClusterUid, Uri Server, string AuthoritiesPem, string? CertificatePem, string? KeyPem, string? NextKeyPem, string? UsedToken)
{
    private const string DataPlaneKey = "data-plane";
    private const string ClusterKey = "cluster-uid";
    private const string ServerKey = "server";
    private const string AuthoritiesKey = "ca.crt";
    private const string CertificateKey = "tls.crt";
    private const string PrivateKey = "tls.key";
    private const string NextKey = "next.key";
    private const string TokenKey = "used-token";

    /// <summary>With its private key; null before it joined. The caller disposes it.</summary>
    public X509Certificate2? Certificate() => CertificatePem is null || KeyPem is null ? null : X509Certificate2.CreateFromPem(CertificatePem, KeyPem);

    public X509Certificate2Collection Authorities() => Pem(AuthoritiesPem);

    public static X509Certificate2Collection Pem(string text)
    {
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(text);
        return authorities;
    }

    /// <returns>Null when the Secret does not hold one that can be read.</returns>
    public static SatelliteIdentity? Of(KubeObject secret)
    {
        string? Text(string key) => secret.TextAt("data", key) is { Length: > 0 } data ? Encoding.UTF8.GetString(Convert.FromBase64String(data)) : null;
        try
        {
            SatelliteIdentity? identity = Text(DataPlaneKey) is { } name && Text(ClusterKey) is { } cluster && Uri.TryCreate(Text(ServerKey), UriKind.Absolute, out Uri? server) && server.Scheme is "https" or "http"
                && Text(AuthoritiesKey) is { } authorities && Pem(authorities).Count > 0
                ? new SatelliteIdentity(name, cluster, server, authorities, Text(CertificateKey), Text(PrivateKey), Text(NextKey) is { } next && IsKey(next) ? next : null, Text(TokenKey))
                : null;

            // A certificate with another's key is nobody's: to find that out only when it is used would end the satellite each time it starts.
            identity?.Certificate()?.Dispose();
            return identity;
        }
        catch (Exception e) when (e is FormatException or CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Whether a request can be signed by it: one that was begun by anything else is begun anew.</summary>
    private static bool IsKey(string pem)
    {
        try
        {
            using var key = ECDsa.Create();
            key.ImportFromPem(pem);
            CryptographicOperations.ZeroMemory(key.ExportPkcs8PrivateKey());
            return true;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>The Secret's <c>data</c>.</summary>
    public JsonObject ToData()
    {
        var data = new JsonObject();
        foreach ((string key, string? text) in ((string, string?)[])
            [(DataPlaneKey, DataPlane), (ClusterKey, ClusterUid), (ServerKey, Server.ToString()), (AuthoritiesKey, AuthoritiesPem),
             (CertificateKey, CertificatePem), (PrivateKey, KeyPem), (NextKey, NextKeyPem), (TokenKey, UsedToken)])
        {
            if (text is not null)
            {
                data[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
            }
        }

        return data;
    }

    /// <summary>Keeps the keys out of whatever prints records.</summary>
    public override string ToString() => $"{nameof(SatelliteIdentity)} of data plane {DataPlane}";
}
