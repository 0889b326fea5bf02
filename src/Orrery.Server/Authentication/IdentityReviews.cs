using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Clusters;

namespace Orrery.Server.Authentication;

/// <summary>The reviews of authentication.k8s.io: who am I, and whose token is this.</summary>
internal sealed class IdentityReviews(TokenAuthenticator tokens, LogicalClusters clusters, TimeProvider time)
{
    private const string ApiVersion = "authentication.k8s.io/v1";

    public JsonObject Self(UserInfo user) => new()
    {
        ["kind"] = "SelfSubjectReview",
        ["apiVersion"] = ApiVersion,
        ["metadata"] = new JsonObject { ["creationTimestamp"] = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) },
        ["status"] = new JsonObject { ["userInfo"] = Describe(user) },
    };

    /// <summary>Fills the status of a TokenReview. A token that holds on another cluster is not known here.</summary>
    public async ValueTask<JsonObject> TokenAsync(ClusterName cluster, JsonObject review, CancellationToken cancellationToken)
    {
        string token = review.TextAt("spec", "token") ?? "";
        if (token.Length == 0)
        {
            throw ApiErrors.BadRequest("token is required for TokenReview in authentication");
        }

        string[] audiences = review.NodeAt("spec", "audiences") is JsonArray list ? [.. list.Select(a => a!.GetValue<string>())] : [];
        TokenIdentity? identity = await tokens.AuthenticateAsync(cluster, token, audiences, cancellationToken);
        review["status"] = identity is not null && clusters.Admits(identity.User.Scope, cluster)
            ? new JsonObject
            {
                ["authenticated"] = true,
                ["user"] = Describe(identity.User),
                ["audiences"] = new JsonArray([.. identity.Audiences.Select(a => (JsonNode)a)]),
            }
            : new JsonObject { ["user"] = new JsonObject(), ["error"] = "invalid bearer token" };
        return review;
    }

    private static JsonObject Describe(UserInfo user)
    {
        var json = new JsonObject { ["username"] = user.Name };
        if (user.Uid.Length > 0)
        {
            json["uid"] = user.Uid;
        }

        if (user.Groups.Count > 0)
        {
            json["groups"] = new JsonArray([.. user.Groups.Select(g => (JsonNode)g)]);
        }

        if (user.Extra.Count > 0)
        {
            json["extra"] = new JsonObject(user.Extra.Select(e => KeyValuePair.Create(e.Key, (JsonNode?)new JsonArray([.. e.Value.Select(v => (JsonNode)v)]))));
        }

        return json;
    }
}
