using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Orrery.Machinery.Kinds.Registration;

/// <summary>What a signer may write into <c>status.certificate</c>: certificates in PEM and nothing else in PEM; text around them does no harm.</summary>
internal static class SignedCertificates
{
    private const string Begin = "-----BEGIN ";

    /// <param name="content">Base64.</param>
    /// <returns>What is wrong, or null.</returns>
    public static string? Fault(string content)
    {
        if (content.Length == 0)
        {
            return null;
        }

        try
        {
            string text = Encoding.UTF8.GetString(Convert.FromBase64String(content));
            int found = 0;
            for (ReadOnlySpan<char> rest = text; PemEncoding.TryFind(rest, out PemFields fields); rest = rest[fields.Location.End..])
            {
                if (rest[fields.Label] is not "CERTIFICATE")
                {
                    return $"only CERTIFICATE PEM blocks are allowed, found \"{rest[fields.Label]}\"";
                }

                using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(new string(rest[fields.Base64Data])));
                found++;
            }

            return found == 0 ? "must contain at least one CERTIFICATE PEM block"
                : text.Split(Begin).Length - 1 > found ? "a PEM block has headers or is not whole"
                : null;
        }
        catch (Exception bad) when (bad is FormatException or CryptographicException)
        {
            return "a certificate cannot be read";
        }
    }
}
