using System.Security.Cryptography.X509Certificates;
using Orrery.Machinery.Claims;

namespace Orrery.Server.Authentication.Oidc;

/// <summary>
/// An OpenID provider whose tokens are accepted: one <c>jwt</c> entry of an AuthenticationConfiguration, or what the
/// <c>--oidc-*</c> flags say.
/// </summary>
internal sealed record TokenProvider
{
    public static readonly IReadOnlyList<string> AllAlgorithms = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"];

    /// <summary>Compared exactly with the <c>iss</c> of tokens; https.</summary>
    public required string Issuer { get; init; }

    /// <summary>Where its discovery document is; null: below the issuer.</summary>
    public string? DiscoveryUrl { get; init; }

    /// <summary>A token names at least one of them as its <c>aud</c>.</summary>
    public required IReadOnlyList<string> Audiences { get; init; }

    public IReadOnlyList<string> SigningAlgorithms { get; init; } = AllAlgorithms;

    /// <summary>Issuers of the provider's serving certificate; null trusts those of the system.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    public IReadOnlyList<ClaimRule> ClaimRules { get; init; } = [];

    public required ClaimMapping Username { get; init; }

    /// <summary>Null: no groups are read.</summary>
    public ClaimMapping? Groups { get; init; }

    /// <summary>Null: none.</summary>
    public ClaimMapping? Uid { get; init; }

    public IReadOnlyList<ExtraMapping> Extra { get; init; } = [];

    public IReadOnlyList<UserRule> UserRules { get; init; } = [];

    /// <summary>What it was read from: two of the same text are the same provider.</summary>
    public string Source { get; init; } = "";
}

/// <summary>What a text of the user is made of: a claim with something before it, or an expression.</summary>
/// <param name="Claim">Empty where there is an expression.</param>
/// <param name="Prefix">Put before each value of the claim.</param>
internal sealed record ClaimMapping(string Claim, string Prefix, ClaimExpression? Expression = null);

/// <param name="Key">Lower case, with a domain of its own.</param>
internal sealed record ExtraMapping(string Key, ClaimExpression Value);

/// <summary>What a token's claims must satisfy: a claim of one value, or an expression.</summary>
internal sealed record ClaimRule(string Claim, string Value, ClaimExpression? Expression = null, string Message = "");

/// <summary>What the user that came of the claims must satisfy.</summary>
internal sealed record UserRule(ClaimExpression Expression, string Message);
