using System.Security.Cryptography.X509Certificates;
using Orrery.Server.Authentication.Oidc;
using Orrery.Server.Authorization;
using Orrery.Server.Authorization.Webhook;
using Orrery.Server.Security;

namespace Orrery.Server.Authentication;

/// <summary>Which credentials a server accepts, and what decides about those who show them.</summary>
public sealed record AuthenticationOptions
{
    public AuthorizationMode Authorization { get; init; }

    /// <summary>Who decides, in order; null: what <see cref="Authorization"/> says alone.</summary>
    public AuthorizationConfiguration? Authorizers { get; init; }

    /// <summary>Where <see cref="Authorizers"/> were read, to be followed as it changes; null where no file says it.</summary>
    public FollowedAuthorizers? AuthorizersFile { get; init; }

    /// <summary>Authorities that client certificates must chain to; empty accepts no certificate.</summary>
    public X509Certificate2Collection ClientAuthorities { get; init; } = [];

    /// <summary>Who may name users of root in headers; null: nobody, and such headers mean nothing.</summary>
    public FrontProxyOptions? FrontProxy { get; init; }

    /// <summary>Null: the server neither issues nor accepts tokens of its own.</summary>
    public ServiceAccountKeys? TokenKeys { get; init; }

    /// <summary>How the server's own tokens name it.</summary>
    public TokenIssuers Issuers { get; init; } = TokenIssuers.Default;

    /// <summary>
    /// Where a certificate, or a token signed by <see cref="TokenKeys"/>, that names no cluster is good. Null: nowhere, as
    /// must be wherever virtual clusters are served. Root for a server that stands in for a kube-apiserver.
    /// </summary>
    public ClusterScope? UnscopedCredentials { get; init; }

    /// <summary>What an expired client certificate is still good for; null: nothing.</summary>
    public ExpiredCertificates? ExpiredCertificates { get; init; }

    /// <summary>Whether a request without any credential is let in, as <c>system:anonymous</c>; otherwise it is answered 401.</summary>
    public bool AllowsAnonymous { get; init; } = true;

    /// <summary>An OpenID provider whose ID tokens are accepted on root; null for none.</summary>
    public OidcOptions? Oidc { get; init; }

    /// <summary>Path of an AuthenticationConfiguration, followed as it changes; null for none.</summary>
    public string? ConfigurationFile { get; init; }

    /// <summary>Whether tokens of Secrets of type <c>bootstrap.kubernetes.io/token</c> in root's <c>kube-system</c> are accepted on root.</summary>
    public bool AllowsBootstrapTokens { get; init; }

    /// <summary>Content of a token file (<c>token,user,uid,"group,…"[,cluster]</c>); null for none.</summary>
    public string? StaticTokens { get; init; }

    /// <summary>What <c>kube-root-ca.crt</c> holds; null takes <see cref="ClientAuthorities"/>.</summary>
    public string? RootCertificatePem { get; init; }
}
