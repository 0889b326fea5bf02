using Orrery.Server.Authentication;

namespace Orrery.Server.Authorization.Nodes;

/// <summary>Which node a kubelet's credential is for: user <c>system:node:NAME</c> of the group <c>system:nodes</c> (upstream <c>pkg/auth/nodeidentifier</c>).</summary>
internal static class NodeIdentity
{
    private const string UserPrefix = "system:node:";
    private const string Group = "system:nodes";

    /// <returns>Null for whoever is no node; empty for a node without a name.</returns>
    public static string? Of(UserInfo user) => user.Name.StartsWith(UserPrefix, StringComparison.Ordinal) && user.Groups.Contains(Group) ? user.Name[UserPrefix.Length..] : null;
}
