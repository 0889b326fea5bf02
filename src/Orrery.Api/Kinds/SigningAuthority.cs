using System.Security.Cryptography.X509Certificates;

namespace Orrery.Api.Kinds;

/// <summary>Which authority signed a certificate, as DataPlanes say it: <c>status.certificateAuthority</c> of the one that was issued last, <c>status.satelliteAuthority</c> of the one that is in use.</summary>
public static class SigningAuthority
{
    /// <returns>Id of the authority's key (RFC 5280, 4.2.1.1), in hex; null when the certificate does not say.</returns>
    public static string? Of(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier is { } id ? Convert.ToHexStringLower(id.Span) : null;
}
