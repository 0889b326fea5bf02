namespace Orrery.Installation;

/// <summary>Whom a credential is made for, other than an administrator.</summary>
internal sealed record ClientIdentity(string User, IReadOnlyList<string> Groups);
