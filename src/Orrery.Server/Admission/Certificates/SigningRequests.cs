using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Certificates;

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
    public static CertificateRequest? Read(JsonObject json) => SigningRequestContent.Read(json.TextAt("spec", "request"));

    /// <summary>Common name and organisations.</summary>
    public static (string Name, IReadOnlyList<string> Groups) Subject(CertificateRequest request) => SigningRequestContent.Subject(request);
}
