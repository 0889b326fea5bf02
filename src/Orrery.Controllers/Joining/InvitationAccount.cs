using Orrery.Api.Kinds;

namespace Orrery.Controllers.Joining;

/// <summary>The service account, in the namespace of a data plane, that a join token is of.</summary>
internal readonly record struct InvitationAccount(string DataPlane, string Name)
{
    private const string UserPrefix = "system:serviceaccount:";

    /// <returns>Null for any other user.</returns>
    public static InvitationAccount? Parse(string user) =>
        user.StartsWith(UserPrefix, StringComparison.Ordinal) && user[UserPrefix.Length..].Split(':') is [var ns, { Length: > 0 } name]
        && ns.StartsWith(OrreryNames.DataPlaneNamespacePrefix, StringComparison.Ordinal) && ns.Length > OrreryNames.DataPlaneNamespacePrefix.Length
            ? new InvitationAccount(ns[OrreryNames.DataPlaneNamespacePrefix.Length..], name)
            : null;
}
