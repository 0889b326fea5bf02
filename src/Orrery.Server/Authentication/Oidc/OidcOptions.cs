using System.Security.Cryptography.X509Certificates;

namespace Orrery.Server.Authentication.Oidc;

/// <summary>An OpenID provider whose ID tokens are accepted on root. Names and defaults of kube-apiserver's <c>--oidc-*</c> flags.</summary>
public sealed record OidcOptions
{
    /// <summary>Compared exactly with the <c>iss</c> of tokens; https.</summary>
    public required string Issuer { get; init; }

    /// <summary>The <c>aud</c> that a token must have among its own.</summary>
    public required string ClientId { get; init; }

    public string UsernameClaim { get; init; } = "sub";

    /// <summary>Null: the issuer and <c>#</c>, but nothing before an email. Empty: nothing.</summary>
    public string? UsernamePrefix { get; init; }

    /// <summary>Null: no groups are read.</summary>
    public string? GroupsClaim { get; init; }

    public string GroupsPrefix { get; init; } = "";

    /// <summary>Claims that a token must have, with these values.</summary>
    public IReadOnlyDictionary<string, string> RequiredClaims { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> SigningAlgorithms { get; init; } = ["RS256"];

    /// <summary>Issuers of the provider's serving certificate; null trusts those of the system.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <exception cref="ArgumentException">Names the flag and what it may be.</exception>
    public void Validate()
    {
        if (!Uri.TryCreate(Issuer, UriKind.Absolute, out Uri? issuer) || issuer.Scheme != Uri.UriSchemeHttps || issuer.Query.Length > 0 || issuer.Fragment.Length > 0 || issuer.UserInfo.Length > 0)
        {
            throw new ArgumentException($"--oidc-issuer-url: '{Issuer}' does not have the form https://host/path");
        }

        if (ClientId.Length == 0)
        {
            throw new ArgumentException("--oidc-client-id is needed with --oidc-issuer-url");
        }

        if (SigningAlgorithms.Count == 0 || SigningAlgorithms.Except(TokenProvider.AllAlgorithms).FirstOrDefault() is not null)
        {
            throw new ArgumentException($"--oidc-signing-algs: want some of {string.Join(", ", TokenProvider.AllAlgorithms)}");
        }
    }

    internal TokenProvider ToProvider() => new()
    {
        Issuer = Issuer,
        Audiences = [ClientId],
        SigningAlgorithms = SigningAlgorithms,
        Authorities = Authorities,
        ClaimRules = [.. RequiredClaims.Select(required => new ClaimRule(required.Key, required.Value))],
        Username = new ClaimMapping(UsernameClaim, UsernamePrefix ?? (UsernameClaim == "email" ? "" : Issuer + "#")),
        Groups = GroupsClaim is { } groups ? new ClaimMapping(groups, GroupsPrefix) : null,
    };
}
