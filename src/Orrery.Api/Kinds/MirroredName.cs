using System.Security.Cryptography;
using System.Text;

namespace Orrery.Api.Kinds;

/// <summary>The name under which an object of a data plane stands in a virtual cluster.</summary>
public static class MirroredName
{
    private const int LongestName = 253;

    /// <summary><c>name.dataplane</c>; cut and hashed where that is too long for a name.</summary>
    public static string Of(string name, string dataPlane)
    {
        string plain = $"{name}.{dataPlane}";
        if (plain.Length <= LongestName)
        {
            return plain;
        }

        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 5));
        int room = LongestName - dataPlane.Length - hash.Length - 2;
        return $"{name[..room].TrimEnd('-', '.')}-{hash}.{dataPlane}";
    }
}
