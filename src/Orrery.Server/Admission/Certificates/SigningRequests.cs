using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Admission.Certificates;

/// <summary>What a CertificateSigningRequest asks for.</summary>
internal static class SigningRequests
{
    public const string ClientSigner = "kubernetes.io/kube-apiserver-client";

    /// <summary>Certificates of kubelets towards the API server.</summary>
    public const string KubeletClientSigner = "kubernetes.io/kube-apiserver-client-kubelet";

    public static readonly GroupResource Resource = new("certificates.k8s.io", "certificatesigningrequests");

    public static IEnumerable<JsonObject> Conditions(JsonObject json) => (json["status"]?["conditions"] as JsonArray ?? []).OfType<JsonObject>();

    public static bool Has(JsonObject json, string condition) => Conditions(json).Any(c => c.TextAt("type") == condition && c.TextAt("status") == "True");

    /// <summary>The request itself, its signature checked; null when it cannot be read.</summary>
    public static CertificateRequest? Read(JsonObject json)
    {
        try
        {
            return CertificateRequest.LoadSigningRequestPem(
                Encoding.UTF8.GetString(Convert.FromBase64String(json.TextAt("spec", "request") ?? "")), HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
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
                case "2.5.4.3":
                    name = value;
                    break;
                case "2.5.4.10":
                    groups.Add(value);
                    break;
            }
        }

        return (name, groups);
    }
}
