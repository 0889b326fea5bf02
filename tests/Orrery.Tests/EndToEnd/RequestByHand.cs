using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>Requests for a satellite's certificate that no satellite sends.</summary>
internal static class RequestByHand
{
    /// <returns>JSON, for a key that is thrown away.</returns>
    public static string Of(string subject, string? alternative = null, string usage = "client auth", int seconds = 3600)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(DistinguishedName.Of(subject), key, HashAlgorithmName.SHA256);
        if (alternative is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(alternative);
            request.CertificateExtensions.Add(names.Build());
        }

        return new JsonObject
        {
            ["apiVersion"] = "certificates.k8s.io/v1",
            ["kind"] = "CertificateSigningRequest",
            ["metadata"] = new JsonObject { ["name"] = "by-hand-" + Guid.NewGuid().ToString("N"), ["annotations"] = new JsonObject { ["orrery.dev/cluster-uid"] = "a-cluster" } },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(request.CreateSigningRequestPem())),
                ["signerName"] = "kubernetes.io/kube-apiserver-client",
                ["expirationSeconds"] = seconds,
                ["usages"] = new JsonArray(usage, "digital signature"),
            },
        }.ToJsonString();
    }
}
