using System.Security.Cryptography;
using System.Text;

namespace Orrery.Server.Clusters;

/// <summary>A UUID (RFC 9562 version 8) out of what identifies an object: the same after every start.</summary>
internal static class DerivedUid
{
    /// <summary>Characters of one.</summary>
    public const int Length = 36;

    public static string Of(string identity)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(identity), hash);
        hash[6] = (byte)((hash[6] & 0x0f) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash[..16], bigEndian: true).ToString();
    }
}
