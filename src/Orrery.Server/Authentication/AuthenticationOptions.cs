using System.Security.Cryptography.X509Certificates;
using Orrery.Server.Security;

namespace Orrery.Server.Authentication;

/// <summary>Which credentials a server accepts.</summary>
public sealed record AuthenticationOptions
{
    /// <summary>Authorities that client certificates must chain to; empty accepts no certificate.</summary>
    public X509Certificate2Collection ClientAuthorities { get; init; } = [];

    /// <summary>Null: the server neither issues nor accepts tokens of its own.</summary>
    public ServiceAccountKeys? TokenKeys { get; init; }

    /// <summary>Content of a token file (<c>token,user,uid,"group,…"[,cluster]</c>); null for none.</summary>
    public string? StaticTokens { get; init; }
}
