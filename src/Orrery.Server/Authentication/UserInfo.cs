using System.Collections.Frozen;

namespace Orrery.Server.Authentication;

/// <summary>Who asks: the identity that one request acts under.</summary>
public sealed record UserInfo
{
    public required string Name { get; init; }

    /// <summary>Empty when the credential carries none.</summary>
    public string Uid { get; init; } = "";

    public IReadOnlyList<string> Groups { get; init; } = [];

    public IReadOnlyDictionary<string, IReadOnlyList<string>> Extra { get; init; } = FrozenDictionary<string, IReadOnlyList<string>>.Empty;

    /// <summary>Where the credential holds; authentication has already compared it with the request.</summary>
    public required ClusterScope Scope { get; init; }

    /// <summary>Not bound by RBAC inside its scope.</summary>
    public bool IsMaster => Groups.Contains(UserGroups.Masters);
}

/// <summary>Names with a meaning of their own (apiserver <c>pkg/authentication/user/user.go</c>).</summary>
public static class UserGroups
{
    public const string Masters = "system:masters";
    public const string Authenticated = "system:authenticated";
    public const string Unauthenticated = "system:unauthenticated";
    public const string ServiceAccounts = "system:serviceaccounts";
    public const string Anonymous = "system:anonymous";
}
