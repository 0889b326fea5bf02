using System.Buffers;
using System.Text.RegularExpressions;
using Orrery.Api;

namespace Orrery.Server.Requests;

/// <summary>
/// Splits a raw, undecoded request target into cluster and path. It accepts one spelling of each path only: whatever a
/// proxy, a decoder or a second look could read as another path is refused, so that no request for one cluster can ever
/// be served by another.
/// </summary>
internal static partial class RequestPath
{
    /// <summary>Bytes that stand for themselves in a path segment (RFC 3986 pchar), the slash, and percent.</summary>
    private static readonly SearchValues<char> Allowed = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/%");

    /// <summary>The cluster, the segments below its prefix, and the path that they make, decoded. A trailing slash belongs to the path and is no segment.</summary>
    public static (ClusterName Cluster, string[] Segments, string Path) Split(string rawPath)
    {
        if (rawPath.Length == 0 || rawPath[0] != '/' || rawPath.AsSpan().ContainsAnyExcept(Allowed))
        {
            throw ApiErrors.BadRequest("the request path is not a plain absolute path");
        }

        bool trailingSlash = rawPath.Length > 1 && rawPath[^1] == '/';
        string[] raw = rawPath.Length == 1 ? [] : Cut(rawPath.AsSpan(1, rawPath.Length - (trailingSlash ? 2 : 1)));
        foreach (string segment in raw)
        {
            if (segment.Length == 0 || segment is "." or "..")
            {
                throw ApiErrors.BadRequest("the request path has an empty or a dot segment");
            }
        }

        ClusterName cluster = ClusterName.Root;
        int prefix = 0;
        if (raw.Length > 0 && raw[0] == "clusters")
        {
            (cluster, int taken) = Cluster(raw);
            for (int i = 0; i < taken; i++)
            {
                prefix += raw[i].Length + 1;
            }

            raw = raw[taken..];
        }

        // Almost always nothing is encoded: the path is what came.
        bool isPlain = !rawPath.Contains('%', StringComparison.Ordinal);
        string[] decoded = isPlain ? raw : [.. raw.Select(Decode)];
        if (decoded.Length > 0 && decoded[0] == "clusters")
        {
            // Encoded, or below another cluster's prefix: there is no such path.
            throw ApiErrors.NoSuchResource();
        }

        string path = decoded.Length == 0 ? "/" : isPlain ? rawPath[prefix..] : "/" + string.Join('/', decoded) + (trailingSlash ? "/" : "");
        return (cluster, decoded, path);
    }

    private static string[] Cut(ReadOnlySpan<char> path)
    {
        var segments = new string[path.Count('/') + 1];
        int at = 0;
        foreach (Range segment in path.Split('/'))
        {
            segments[at++] = Vocabulary.Of(path[segment]);
        }

        return segments;
    }

    private static (ClusterName Cluster, int Taken) Cluster(string[] raw)
    {
        if (raw.Length > 1 && raw[1] == "*")
        {
            return (ClusterName.All, 2);
        }

        return raw.Length > 2 && raw[1].Length <= 63 && Label().IsMatch(raw[1]) && raw[2].Length <= 253 && Subdomain().IsMatch(raw[2])
            ? (new ClusterName(raw[1], raw[2]), 3)
            : throw ApiErrors.NoSuchResource();
    }

    /// <summary>Decodes once, refusing what would change how the path is cut: slashes, dots, percent, control characters.</summary>
    private static string Decode(string segment)
    {
        if (!segment.Contains('%', StringComparison.Ordinal))
        {
            return segment;
        }

        for (int i = segment.IndexOf('%', StringComparison.Ordinal); i >= 0; i = segment.IndexOf('%', i + 1))
        {
            if (i + 2 >= segment.Length || !char.IsAsciiHexDigit(segment[i + 1]) || !char.IsAsciiHexDigit(segment[i + 2]))
            {
                throw ApiErrors.BadRequest("the request path has a broken percent-encoding");
            }

            int value = Convert.ToInt32(segment.Substring(i + 1, 2), 16);
            if (value is < 0x20 or 0x7f or '%' or '/' or '\\' or '.')
            {
                throw ApiErrors.BadRequest("the request path encodes a slash, dot, percent or control character");
            }
        }

        string decoded = Uri.UnescapeDataString(segment);

        // Sequences that are no UTF-8 stay encoded.
        return decoded.Contains('%', StringComparison.Ordinal)
            ? throw ApiErrors.BadRequest("the request path is not UTF-8")
            : decoded;
    }

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex Label();

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\z")]
    private static partial Regex Subdomain();
}
