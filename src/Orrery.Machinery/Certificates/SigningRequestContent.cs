using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Orrery.Machinery.Certificates;

/// <summary>What is inside a CertificateSigningRequest's <c>spec.request</c>.</summary>
public static class SigningRequestContent
{
    /// <summary>The request itself, its signature checked.</summary>
    /// <param name="base64">Base64 of PEM.</param>
    /// <returns>Null when it cannot be read.</returns>
    public static CertificateRequest? Read(string? base64)
    {
        try
        {
            return CertificateRequest.LoadSigningRequestPem(
                Encoding.UTF8.GetString(Convert.FromBase64String(base64 ?? "")), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        }
        catch (Exception bad) when (bad is FormatException or CryptographicException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Common name and organisations, as they will be read from the certificate; none where nobody could be.</summary>
    public static (string Name, IReadOnlyList<string> Groups) Subject(CertificateRequest request) =>
        CertificateSubject.Read(request.SubjectName, out _) is { } subject ? (subject.Name, subject.Groups) : ("", []);
}
