using System.Security.Cryptography;
using System.Text;

namespace Orrery.Satellite.Joining;

/// <summary>Where a satellite joins, whom it trusts to be there, and by which token it is let in once.</summary>
/// <param name="Server">Address of root.</param>
/// <param name="Token">Good once, and for some minutes.</param>
/// <param name="AuthoritiesPem">Those that the server's certificate may come from. Null: found by <paramref name="Pin"/>.</param>
/// <param name="Pin"><c>sha256:</c> and the hash, in hex, of the public key (SubjectPublicKeyInfo) of the server's authority.</param>
public sealed record JoinInvitation(Uri Server, string Token, string? AuthoritiesPem, string? Pin)
{
    /// <summary>By which a token is known again without being kept.</summary>
    internal string TokenDigest => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Token)));

    /// <summary>Keeps the token out of whatever prints records.</summary>
    public override string ToString() => $"{nameof(JoinInvitation)} to {Server}";
}
