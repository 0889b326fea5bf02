using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Handlers;
using Orrery.Server.Registry;
using Orrery.Server.Requests;
using Orrery.Server.Security;
using System.Text.Json.Nodes;

namespace Orrery.Server.Authentication;

/// <summary>
/// Each cluster as an OpenID issuer of its service accounts' tokens: <c>/.well-known/openid-configuration</c> and
/// <c>/openid/v1/jwks</c>. Not served where the issuer is no https URL, since then nobody could come here by it.
/// </summary>
/// <param name="publicUrl">How clients reach root; null: where its issuer says.</param>
internal sealed class IssuerEndpoint(ServiceAccountKeys keys, TokenIssuers issuers, Uri? publicUrl)
{
    private const string Configuration = "/.well-known/openid-configuration";
    private const string Keys = "/openid/v1/jwks";

    /// <summary>What is served of a cluster.</summary>
    public IEnumerable<string> PathsOf(ClusterName cluster) => IsServed(cluster) ? [Configuration, Keys] : [];

    public async ValueTask<bool> TryServeAsync(HttpContext http, RequestInfo info, CancellationToken cancellationToken)
    {
        if (info.Path is not (Configuration or Keys) || info.Cluster.IsAll || !IsServed(info.Cluster))
        {
            return false;
        }

        if (info.Verb != "get")
        {
            throw ApiErrors.MethodNotAllowed();
        }

        bool isKeys = info.Path == Keys;
        byte[] body = ObjectEncoding.Write(isKeys ? keys.ToJwks() : About(info.Cluster, issuers.For(info.Cluster)));
        await ObjectResponse.WriteBytesAsync(http, 200, isKeys ? "application/jwk-set+json" : "application/json", body, cancellationToken);
        return true;
    }

    private bool IsServed(ClusterName cluster) => issuers.For(cluster).StartsWith("https://", StringComparison.Ordinal);

    private JsonObject About(ClusterName cluster, string issuer)
    {
        string here = publicUrl is null ? issuer : publicUrl.GetLeftPart(UriPartial.Authority) + cluster.PathPrefix;
        return new JsonObject
        {
            ["issuer"] = issuer,
            ["jwks_uri"] = here.TrimEnd('/') + Keys,
            ["response_types_supported"] = new JsonArray("id_token"),
            ["subject_types_supported"] = new JsonArray("public"),
            ["id_token_signing_alg_values_supported"] = new JsonArray([.. keys.Algorithms.Select(a => (JsonNode)a)]),
        };
    }
}
