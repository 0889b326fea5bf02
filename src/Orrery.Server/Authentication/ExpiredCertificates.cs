namespace Orrery.Server.Authentication;

/// <summary>
/// What a client certificate of one group still proves once it has expired, or before it begins, as one does that was issued while the server's clock was ahead: whose key it is. Its holder is let in under another name, in one
/// other group and nothing else, so that RBAC decides what such a one may do; usually no more than to ask for a new certificate.
/// </summary>
/// <param name="Group">Only certificates whose sole organisation this is.</param>
/// <param name="UserPrefix">Put before the name that the certificate carries.</param>
/// <param name="ExpiredGroup">The group that the holder is in instead.</param>
public sealed record ExpiredCertificates(string Group, string UserPrefix, string ExpiredGroup)
{
    /// <returns>Null for a certificate that proves nothing any more.</returns>
    internal UserInfo? Admit(UserInfo untimely) =>
        untimely.Groups is [var only, UserGroups.Authenticated] && only == Group
            ? untimely with { Name = UserPrefix + untimely.Name, Groups = [ExpiredGroup, UserGroups.Authenticated] }
            : null;
}
