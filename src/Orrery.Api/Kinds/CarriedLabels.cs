using System.Security.Cryptography;
using System.Text;

namespace Orrery.Api.Kinds;

/// <summary>
/// How labels of a virtual cluster's namespace stand on the namespace that it is mapped to: under keys that mean nothing to a data plane, so that no tenant
/// can label its way into what the cluster's owner, or Orrery, selects by. Pure.
/// </summary>
public static class CarriedLabels
{
    private const string Domain = "label.orrery.dev";
    private const string NameKey = "kubernetes.io/metadata.name";
    private const int LongestPrefix = 253;

    /// <summary>The key in a data plane for one in a virtual cluster: <c>team</c> is <c>label.orrery.dev/team</c>, <c>example.com/team</c> is
    /// <c>example.com.label.orrery.dev/team</c>. A namespace's own name is already there as <see cref="OrreryNames.NamespaceLabel"/>.</summary>
    public static string KeyOf(string key) => key == NameKey ? OrreryNames.NamespaceLabel
        : key.Split('/', 2) is [var prefix, var name] ? $"{Carried(prefix)}/{name}"
        : $"{Domain}/{key}";

    /// <summary>Whether a label of a mapped namespace is one that was carried there.</summary>
    public static bool IsCarried(string key) => key.Split('/', 2) is [var prefix, _] && (prefix == Domain || prefix.EndsWith("." + Domain, StringComparison.Ordinal));

    /// <summary>What is carried of a namespace's labels, by the keys that it has there.</summary>
    public static SortedDictionary<string, string> Of(IReadOnlyDictionary<string, string> labels) =>
        new(labels.Where(l => l.Key != NameKey).ToDictionary(l => KeyOf(l.Key), l => l.Value, StringComparer.Ordinal), StringComparer.Ordinal);

    private static string Carried(string prefix)
    {
        string plain = $"{prefix}.{Domain}";
        return plain.Length <= LongestPrefix ? plain : $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(prefix)).AsSpan(0, 10))}.hash.{Domain}";
    }
}
