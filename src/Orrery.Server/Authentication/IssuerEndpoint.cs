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
    public async ValueTask<bool> TryServeAsync(HttpContext http, RequestInfo info, CancellationToken cancellationToken)
    {
        string issuer = issuers.For(info.Cluster);
        if (info.Path is not ("/.well-known/openid-configuration" or "/openid/v1/jwks") || info.Cluster.IsAll || !issuer.StartsWith("https://", StringComparison.Ordinal))
        {
            return false;
        }

        if (info.Verb is not ("get" or "head"))
        {
            throw ApiErrors.MethodNotAllowed();
        }

        bool isKeys = info.Path == "/openid/v1/jwks";
        byte[] body = ObjectEncoding.Write(isKeys ? keys.ToJwks() : About(info.Cluster, issuer));
        await ObjectResponse.WriteBytesAsync(http, 200, isKeys ? "application/jwk-set+json" : "application/json", body, cancellationToken);
        return true;
    }

    private JsonObject About(ClusterName cluster, string issuer)
    {
        string here = publicUrl is null ? issuer : publicUrl.GetLeftPart(UriPartial.Authority) + cluster.PathPrefix;
        return new JsonObject
        {
            ["issuer"] = issuer,
            ["jwks_uri"] = here.TrimEnd('/') + "/openid/v1/jwks",
            ["response_types_supported"] = new JsonArray("id_token"),
            ["subject_types_supported"] = new JsonArray("public"),
            ["id_token_signing_alg_values_supported"] = new JsonArray([.. keys.Algorithms.Select(a => (JsonNode)a)]),
        };
    }
}
