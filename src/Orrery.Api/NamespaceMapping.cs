using System.Security.Cryptography;
using System.Text;

namespace Orrery.Api;

/// <summary>
/// The name that a tenant's namespace has in a data plane. Two different namespaces never get the same name:
/// the readable form <c>tenant-cluster-namespace</c> is used only where it can be read back in one way, everything
/// else carries a hash of its full identity.
/// </summary>
public static class NamespaceMapping
{
    private const int LongestName = 63;
    private const int HashDigits = 10;

    /// <param name="tenant">Name of the Tenant that owns the virtual cluster.</param>
    /// <param name="cluster">The virtual cluster; its namespace is one of root's.</param>
    /// <param name="name">A namespace inside the virtual cluster.</param>
    /// <returns>A DNS-1123 label.</returns>
    public static string Map(string tenant, ClusterName cluster, string name)
    {
        string plain = $"{tenant}-{cluster.Name}-{name}";
        if (IsOnePart(tenant) && IsOnePart(cluster.Name) && cluster.Namespace == tenant && !EndsLikeHash(plain) && plain.Length <= LongestName)
        {
            return plain;
        }

        // '/' is in none of the parts, so that the joined text names one namespace only.
        return Hashed(plain, $"{tenant}/{cluster.Namespace}/{cluster.Name}/{name}");
    }

    /// <summary>
    /// The namespace of an Installation. Its readable form has two parts, that of a virtual cluster's namespace three, so that neither can be
    /// taken for the other.
    /// </summary>
    /// <param name="tenant">Name of the Tenant that owns the root namespace.</param>
    /// <param name="rootNamespace">The Installation's own namespace.</param>
    public static string MapInstallation(string tenant, string rootNamespace, string name)
    {
        string plain = $"{tenant}-{name}";
        if (IsOnePart(tenant) && IsOnePart(name) && rootNamespace == tenant && !EndsLikeHash(plain) && plain.Length <= LongestName)
        {
            return plain;
        }

        return Hashed(plain, $"installation/{tenant}/{rootNamespace}/{name}");
    }

    private static string Hashed(string plain, string identity)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(identity));
        string digits = Convert.ToHexStringLower(hash)[..HashDigits];
        string stem = plain.Replace('.', '-');
        int room = LongestName - HashDigits - 1;
        return $"{(stem.Length > room ? stem[..room] : stem).TrimEnd('-')}-{digits}";
    }

    private static bool IsOnePart(string name) => name.Length > 0 && !name.AsSpan().ContainsAny('-', '.');

    /// <summary>Such a plain name could be the hashed name of another namespace. The whole name counts: a namespace of ten hex digits alone would do.</summary>
    private static bool EndsLikeHash(string name) =>
        name.Length > HashDigits && name[^(HashDigits + 1)] == '-' && name.AsSpan(name.Length - HashDigits).IndexOfAnyExcept("0123456789abcdef") < 0;
}
