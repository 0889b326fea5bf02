using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Machinery.Claims;

namespace Orrery.Server.Authentication.Oidc;

/// <summary>
/// Makes a user of the claims of a token that is known to be good, by the rules and mappings of its provider. A provider never
/// gives a name or a group that begins with <c>system:</c> or, as satellites' and servers' do, with <c>orrery:</c>.
/// </summary>
internal sealed class ClaimReader(TokenProvider provider)
{
    private static readonly string[] Reserved = ["system:", "orrery:"];

    private readonly bool usesExpressions = provider.Username.Expression is not null || provider.Groups?.Expression is not null || provider.Uid?.Expression is not null
        || provider.Extra.Count > 0 || provider.ClaimRules.Any(r => r.Expression is not null);

    /// <param name="problem">Why there is no user.</param>
    public UserInfo? Read(JsonElement claims, ClusterScope scope, CancellationToken cancellationToken, out string problem)
    {
        // 1. What the claims must be.
        JsonObject json = usesExpressions ? JsonObject.Create(claims)! : [];
        problem = provider.ClaimRules.FirstOrDefault(rule => !Holds(rule, claims, json, cancellationToken)) is { } broken ? Text(broken) : "";
        if (problem.Length > 0)
        {
            return null;
        }

        // 2. Who it is.
        string? name = Username(claims, json, cancellationToken, out problem);
        IReadOnlyList<string>? groups = Many(provider.Groups, claims, json, cancellationToken);
        IReadOnlyList<string>? uid = Many(provider.Uid, claims, json, cancellationToken);
        Dictionary<string, IReadOnlyList<string>>? extra = Extra(claims, json, cancellationToken);
        if (name is null || groups is null || uid is null || extra is null)
        {
            problem = problem.Length > 0 ? problem : "its claims do not come to a user";
            return null;
        }

        var user = new UserInfo
        {
            Name = name,
            Uid = uid.Count > 0 ? uid[0] : "",
            Groups = [.. groups.Where(g => g.Length > 0 && PrefixOf(g) is null), UserGroups.Authenticated],
            Scope = scope,
            Extra = extra,
        };

        // 3. What the user must be.
        problem = Broken(user, cancellationToken);
        return problem.Length == 0 ? user : null;
    }

    private static bool Holds(ClaimRule rule, JsonElement claims, JsonObject json, CancellationToken cancellationToken) =>
        rule.Expression is { } expression ? expression.Holds(json, cancellationToken) : JsonWebToken.Text(claims, rule.Claim) is { } value && value == rule.Value;

    private static string Text(ClaimRule rule) =>
        rule.Message.Length > 0 ? rule.Message : rule.Expression is { } expression ? $"validation expression '{expression.Source}' failed" : $"the required claim {rule.Claim} is missing or differs";

    private string? Username(JsonElement claims, JsonObject json, CancellationToken cancellationToken, out string problem)
    {
        problem = "no username";
        string? name = provider.Username.Expression is { } expression
            ? expression.Texts(json, cancellationToken) is [var one] ? one : null
            : JsonWebToken.Text(claims, provider.Username.Claim) is { Length: > 0 } claim ? provider.Username.Prefix + claim : null;
        if (provider.Username is { Claim: "email", Expression: null } && claims.TryGetProperty("email_verified", out JsonElement verified) && verified.ValueKind != JsonValueKind.True)
        {
            problem = "the email is not verified";
            return null;
        }

        if (name is not null && PrefixOf(name) is { } prefix)
        {
            problem = $"its name begins with {prefix}";
            return null;
        }

        problem = name is null ? problem : "";
        return name;
    }

    /// <returns>Null for a name that a provider may give.</returns>
    private static string? PrefixOf(string name) => System.Array.Find(Reserved, prefix => name.StartsWith(prefix, StringComparison.Ordinal));

    private static IReadOnlyList<string>? Many(ClaimMapping? mapping, JsonElement claims, JsonObject json, CancellationToken cancellationToken) =>
        mapping is null ? []
        : mapping.Expression is { } expression ? expression.Texts(json, cancellationToken)
        : [.. JsonWebToken.Texts(claims, mapping.Claim).Select(value => mapping.Prefix + value)];

    private Dictionary<string, IReadOnlyList<string>>? Extra(JsonElement claims, JsonObject json, CancellationToken cancellationToken)
    {
        var extra = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        if (JsonWebToken.Text(claims, "jti") is { Length: > 0 } id)
        {
            extra["authentication.kubernetes.io/credential-id"] = [$"JTI={id}"];
        }

        foreach (ExtraMapping mapping in provider.Extra)
        {
            if (mapping.Value.Texts(json, cancellationToken) is not { } values)
            {
                return null;
            }

            if (values.Count > 0)
            {
                extra[mapping.Key] = values;
            }
        }

        return extra;
    }

    private string Broken(UserInfo user, CancellationToken cancellationToken)
    {
        if (provider.UserRules.Count == 0)
        {
            return "";
        }

        JsonObject json = new()
        {
            ["username"] = user.Name,
            ["uid"] = user.Uid,
            ["groups"] = Array(user.Groups.Where(g => g != UserGroups.Authenticated)),
            ["extra"] = new JsonObject(user.Extra.Select(e => KeyValuePair.Create(e.Key, (JsonNode?)Array(e.Value)))),
        };
        return provider.UserRules.FirstOrDefault(rule => !rule.Expression.Holds(json, cancellationToken)) is not { } broken ? ""
            : broken.Message.Length > 0 ? broken.Message : $"validation expression '{broken.Expression.Source}' failed";
    }

    private static JsonArray Array(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);
}
