using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Joining;

/// <summary>What is told of a certificate that was issued.</summary>
/// <param name="Authority">Id of the key that signed it, in hex; empty when it does not say.</param>
internal readonly record struct IssuedCertificate(DateTimeOffset From, DateTimeOffset To, string Authority)
{
    /// <returns>Null while it is not signed.</returns>
    public static IssuedCertificate? Of(KubeObject request)
    {
        if (request.TextAt("status", "certificate") is not { Length: > 0 } base64)
        {
            return null;
        }

        try
        {
            using X509Certificate2 certificate = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(base64)));
            return new IssuedCertificate(certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime(), SigningAuthority.Of(certificate) ?? "");
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            return null;
        }
    }
}
