using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Admission.Certificates;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;
using Orrery.Server.Security;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Signs approved requests for client certificates, each good for the cluster alone in which it was asked for. Upstream:
/// <c>pkg/controller/certificates/signer</c>. Serving certificates are not signed: the same authority vouches for this
/// server, and a tenant must not be able to get a certificate in its name.
/// </summary>
internal sealed class CertificateSigner(CacheSet caches, Writer writer, LogicalClusters clusters, CertificateAuthority authority, TimeSpan longest, TimeProvider time, ILogger<CertificateSigner> log)
    : UpkeepTask(caches, SigningRequests.Resource, time, log)
{
    private const string Manager = "kube-controller-manager";
    private static readonly ResourceDefinition Requests = BuiltinResources.Instance.Require("certificates.k8s.io", "v1", "certificatesigningrequests");

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null || !IsWaiting(StoredJson.Parse(item.Json.Span)) || clusters.ScopeOf(item.Cluster) is not { } scope)
        {
            return true;
        }

        await writer.UpdateAsync(Requests, item.Cluster, "", item.Name, "status", Manager, json =>
        {
            if (IsWaiting(json))
            {
                Answer(json, scope);
            }
        }, cancellationToken);
        return true;
    }

    private static bool IsWaiting(JsonObject json) =>
        json.TextAt("spec", "signerName") is SigningRequests.ClientSigner or SigningRequests.KubeletClientSigner
        && SigningRequests.Has(json, "Approved") && !SigningRequests.Has(json, "Denied") && !SigningRequests.Has(json, "Failed")
        && string.IsNullOrEmpty(json.TextAt("status", "certificate"));

    private void Answer(JsonObject json, ClusterScope scope)
    {
        JsonObject status = json.ObjectAt("status");
        CertificateRequest? asked = SigningRequests.Read(json);
        string? problem = asked is null ? "the request cannot be read" : Problem(json, asked);
        if (asked is null || problem is not null)
        {
            if (status["conditions"] is not JsonArray conditions)
            {
                status["conditions"] = conditions = [];
            }

            conditions.Add((JsonNode)new JsonObject { ["type"] = "Failed", ["status"] = "True", ["reason"] = "SignerValidationFailure", ["message"] = problem });
            return;
        }

        TimeSpan lifetime = json.NodeAt("spec", "expirationSeconds") is JsonValue seconds && seconds.TryGetValue(out long wanted)
            ? TimeSpan.FromSeconds(Math.Min(wanted, longest.TotalSeconds)) : longest;
        string pem = authority.SignClient(asked, scope, Usages(json).Contains("key encipherment"), lifetime);
        status["certificate"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));
    }

    /// <summary>What upstream's <c>pkg/apis/certificates/helpers.go</c> and its signers demand; null when nothing is wrong.</summary>
    private static string? Problem(JsonObject json, CertificateRequest asked)
    {
        string[] usages = Usages(json);
        (string name, IReadOnlyList<string> groups) = SigningRequests.Subject(asked);
        if (usages.Except(["client auth", "digital signature", "key encipherment"]).FirstOrDefault() is { } other)
        {
            return $"usage \"{other}\" is not permitted by this signer";
        }

        if (!usages.Contains("client auth"))
        {
            return "usage \"client auth\" is required by this signer";
        }

        if (json.TextAt("spec", "signerName") == SigningRequests.KubeletClientSigner)
        {
            return groups is not ["system:nodes"] ? "subject organization is not system:nodes"
                : !name.StartsWith("system:node:", StringComparison.Ordinal) ? "subject common name does not begin with system:node:"
                : null;
        }

        return name.Length == 0 ? "the subject has no common name"
            : groups.Contains(UserGroups.Masters) ? "system:masters is not given to anybody"
            : asked.PublicKey.GetRSAPublicKey() is { KeySize: < 2048 } ? "an RSA key has at least 2048 bits"
            : null;
    }

    private static string[] Usages(JsonObject json) => [.. (json.NodeAt("spec", "usages") as JsonArray ?? []).Select(u => u!.GetValue<string>())];
}
