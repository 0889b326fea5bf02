using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Orrery.Machinery.Claims;
using Orrery.Server.Configuration;

namespace Orrery.Server.Authentication.Oidc;

/// <summary>Reads one <c>jwt</c> entry of an AuthenticationConfiguration.</summary>
internal static partial class ProviderReader
{
    /// <exception cref="FormatException">Names the field and what it may be.</exception>
    public static TokenProvider Read(ConfigurationFields jwt)
    {
        jwt.RequireOnly("issuer", "claimValidationRules", "claimMappings", "userValidationRules");
        ConfigurationFields issuer = jwt.RequiredChild("issuer"), mappings = jwt.RequiredChild("claimMappings");
        issuer.RequireOnly("url", "discoveryURL", "certificateAuthority", "audiences", "audienceMatchPolicy");
        mappings.RequireOnly("username", "groups", "uid", "extra");
        string url = Https(issuer, "url", issuer.Required("url"));
        var provider = new TokenProvider
        {
            Source = jwt.Json.ToJsonString(),
            Issuer = url,
            DiscoveryUrl = issuer.Text("discoveryURL") is { Length: > 0 } discovery
                ? discovery.TrimEnd('/') != url.TrimEnd('/') ? Https(issuer, "discoveryURL", discovery) : throw Bad(issuer.Path("discoveryURL"), discovery, "discoveryURL must be different from URL")
                : null,
            Audiences = Audiences(issuer),
            Authorities = Authorities(issuer),
            ClaimRules = ClaimRules(jwt.List("claimValidationRules")),
            Username = Username(mappings.RequiredChild("username")),
            Groups = mappings.Child("groups") is { } groups ? Mapping(groups, ClaimResult.Texts) : null,
            Uid = mappings.Child("uid") is { } uid ? Uid(uid) : null,
            Extra = Extra(mappings.List("extra")),
            UserRules = UserRules(jwt.List("userValidationRules")),
        };
        RequireVerifiedEmail(provider, mappings.Path("username.expression"));
        return provider;
    }

    private static string Https(ConfigurationFields fields, string name, string url) =>
        !Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed) || parsed.Scheme != Uri.UriSchemeHttps ? throw Bad(fields.Path(name), url, "URL scheme must be https")
        : parsed.UserInfo.Length > 0 ? throw Bad(fields.Path(name), url, "URL must not contain a username or password")
        : url.Contains('?', StringComparison.Ordinal) ? throw Bad(fields.Path(name), url, "URL must not contain a query")
        : url.Contains('#', StringComparison.Ordinal) ? throw Bad(fields.Path(name), url, "URL must not contain a fragment")
        : url;

    private static IReadOnlyList<string> Audiences(ConfigurationFields issuer)
    {
        IReadOnlyList<string> audiences = issuer.Texts("audiences");
        string path = issuer.Path("audiences"), policy = issuer.Text("audienceMatchPolicy") ?? "";
        return audiences.Count == 0 ? throw new FormatException($"{path}: Required value: at least one {path} is required")
            : audiences.Contains("") ? throw new FormatException($"{path}: Required value: audience can't be empty")
            : audiences.Distinct().Count() < audiences.Count ? throw new FormatException($"{path}: Duplicate value")
            : policy is not ("" or "MatchAny") || (policy.Length == 0 && audiences.Count > 1) ? throw Bad(issuer.Path("audienceMatchPolicy"), policy, "audienceMatchPolicy must be MatchAny for multiple audiences, or empty for a single one")
            : audiences;
    }

    private static X509Certificate2Collection? Authorities(ConfigurationFields issuer)
    {
        if (issuer.Text("certificateAuthority") is not { Length: > 0 } pem)
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPem(pem);
        }
        catch (CryptographicException)
        {
            authorities.Clear();
        }

        return authorities.Count > 0 ? authorities : throw new FormatException($"{issuer.Path("certificateAuthority")}: Invalid value: data does not contain any valid RSA or ECDSA certificates");
    }

    private static ClaimRule[] ClaimRules(IReadOnlyList<ConfigurationFields> list)
    {
        ClaimRule[] rules = [.. list.Select(rule =>
        {
            rule.RequireOnly("claim", "requiredValue", "expression", "message");
            string claim = rule.Text("claim") ?? "", expression = rule.Text("expression") ?? "", message = rule.Text("message") ?? "";
            return claim.Length > 0 == expression.Length > 0 ? throw new FormatException($"{rule.At}: {(claim.Length > 0 ? "Invalid value: claim and expression can't both be set" : "Required value: claim or expression is required")}")
                : claim.Length > 0 && message.Length > 0 ? throw Bad(rule.Path("message"), message, "message can't be set when claim is set")
                : expression.Length > 0 && rule.Text("requiredValue") is { Length: > 0 } value ? throw Bad(rule.Path("requiredValue"), value, "requiredValue can't be set when expression is set")
                : new ClaimRule(claim, rule.Text("requiredValue") ?? "", expression.Length > 0 ? Compile(rule, "expression", ClaimResult.ClaimsHold) : null, message);
        })];
        for (int i = 0; i < rules.Length; i++)
        {
            if (rules.Take(i).Any(before => before.Claim == rules[i].Claim && before.Expression?.Source == rules[i].Expression?.Source))
            {
                throw new FormatException($"{list[i].At}: Duplicate value: \"{rules[i].Expression?.Source ?? rules[i].Claim}\"");
            }
        }

        return rules;
    }

    private static ClaimMapping Username(ConfigurationFields fields)
    {
        ClaimMapping mapping = Mapping(fields, ClaimResult.Text);
        return mapping.Expression is null && mapping.Claim.Length == 0 ? throw new FormatException($"{fields.At}: Required value: claim or expression is required") : mapping;
    }

    private static ClaimMapping Mapping(ConfigurationFields fields, ClaimResult result)
    {
        fields.RequireOnly("claim", "prefix", "expression");
        string claim = fields.Text("claim") ?? "", expression = fields.Text("expression") ?? "";
        return claim.Length > 0 && expression.Length > 0 ? throw new FormatException($"{fields.At}: Invalid value: claim and expression can't both be set")
            : expression.Length > 0 && fields.Text("prefix") is not null ? throw new FormatException($"{fields.Path("prefix")}: Invalid value: prefix can't be set when expression is set")
            : claim.Length > 0 && fields.Text("prefix") is null ? throw new FormatException($"{fields.Path("prefix")}: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing")
            : claim.Length == 0 && fields.Text("prefix") is { Length: > 0 } ? throw new FormatException($"{fields.Path("prefix")}: Invalid value: prefix can't be set when claim is not set")
            : new ClaimMapping(claim, fields.Text("prefix") ?? "", expression.Length > 0 ? Compile(fields, "expression", result) : null);
    }

    private static ClaimMapping Uid(ConfigurationFields fields)
    {
        fields.RequireOnly("claim", "expression");
        string claim = fields.Text("claim") ?? "", expression = fields.Text("expression") ?? "";
        return claim.Length > 0 && expression.Length > 0
            ? throw new FormatException($"{fields.At}: Invalid value: claim and expression can't both be set")
            : new ClaimMapping(claim, "", expression.Length > 0 ? Compile(fields, "expression", ClaimResult.Text) : null);
    }

    private static ExtraMapping[] Extra(IReadOnlyList<ConfigurationFields> list)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return [.. list.Select(extra =>
        {
            extra.RequireOnly("key", "valueExpression");
            string key = extra.Required("key"), path = extra.Path("key");
            string domain = key.Split('/')[0];
            return !ExtraKey().IsMatch(key) ? throw Bad(path, key, "must be a domain-prefixed path (such as \"acme.io/foo\")")
                : key.Any(char.IsUpper) ? throw Bad(path, key, "key must be lowercase")
                : domain is "k8s.io" or "kubernetes.io" or "orrery.dev" || domain.EndsWith(".k8s.io", StringComparison.Ordinal) || domain.EndsWith(".kubernetes.io", StringComparison.Ordinal) || domain.EndsWith(".orrery.dev", StringComparison.Ordinal)
                    ? throw Bad(path, key, "k8s.io, kubernetes.io, orrery.dev and their subdomains are reserved")
                : !seen.Add(key) ? throw new FormatException($"{path}: Duplicate value: \"{key}\"")
                : new ExtraMapping(key, Compile(extra, "valueExpression", ClaimResult.Texts));
        })];
    }

    private static UserRule[] UserRules(IReadOnlyList<ConfigurationFields> list)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return [.. list.Select(rule =>
        {
            rule.RequireOnly("expression", "message");
            string expression = rule.Required("expression");
            return seen.Add(expression) ? new UserRule(Compile(rule, "expression", ClaimResult.UserHolds), rule.Text("message") ?? "") : throw new FormatException($"{rule.Path("expression")}: Duplicate value: \"{expression}\"");
        })];
    }

    /// <summary>Anybody can claim an email at some providers: whoever is named by it must ask whether it was verified.</summary>
    private static void RequireVerifiedEmail(TokenProvider provider, string path)
    {
        if (provider.Username.Expression is not { } username || !username.Reads("email"))
        {
            return;
        }

        IEnumerable<ClaimExpression?> all = [username, .. provider.Extra.Select(e => e.Value), .. provider.ClaimRules.Select(r => r.Expression)];
        if (!all.Any(e => e?.Reads("email_verified") == true))
        {
            throw Bad(path, username.Source, "claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression");
        }
    }

    private static ClaimExpression Compile(ConfigurationFields fields, string name, ClaimResult result)
    {
        string source = fields.Required(name);
        try
        {
            return ClaimExpression.Compile(source, result);
        }
        catch (FormatException fault)
        {
            throw Bad(fields.Path(name), source, fault.Message);
        }
    }

    private static FormatException Bad(string path, string value, string why) => new($"{path}: Invalid value: \"{value}\": {why}");

    [GeneratedRegex(@"^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$", RegexOptions.NonBacktracking)]
    private static partial Regex ExtraKey();
}
