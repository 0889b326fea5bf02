using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Orrery.Machinery.Certificates;

/// <summary>What is inside a CertificateSigningRequest's <c>spec.request</c>.</summary>
public static class SigningRequestContent
{
    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";

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
        catch (Exception bad) when (bad is FormatException or CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Common name and organisations.</summary>
    public static (string Name, IReadOnlyList<string> Groups) Subject(CertificateRequest request)
    {
        string name = "";
        var groups = new List<string>();
        foreach (X500RelativeDistinguishedName part in request.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (part.HasMultipleElements)
            {
                continue;
            }

            string value = part.GetSingleElementValue() ?? "";
            switch (part.GetSingleElementType().Value)
            {
                case CommonName:
                    name = value;
                    break;
                case Organization:
                    groups.Add(value);
                    break;
            }
        }

        return (name, groups);
    }
}
