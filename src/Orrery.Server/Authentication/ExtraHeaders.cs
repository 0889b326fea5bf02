using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Orrery.Server.Authentication;

/// <summary>Headers that name the fields of a user's <c>extra</c> behind a prefix.</summary>
internal static class ExtraHeaders
{
    /// <summary>Values of one field add up, in the order of the prefixes and, within one, of the headers' names.</summary>
    public static SortedDictionary<string, IReadOnlyList<string>> Read(IHeaderDictionary headers, IReadOnlyList<string> prefixes)
    {
        var extra = new SortedDictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (string prefix in prefixes)
        {
            foreach ((string name, StringValues values) in headers.Where(h => h.Key.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)).OrderBy(h => h.Key, StringComparer.OrdinalIgnoreCase))
            {
                string field = Unescape(name[prefix.Length..].ToLowerInvariant());
                extra[field] = [.. extra.GetValueOrDefault(field, []), .. values.OfType<string>()];
            }
        }

        return extra;
    }

    /// <summary>As Go's <c>url.PathUnescape</c>: a name with a percent sign that begins no pair of digits is taken as it is, all of it.</summary>
    private static string Unescape(string name)
    {
        for (int at = name.IndexOf('%', StringComparison.Ordinal); at >= 0; at = name.IndexOf('%', at + 1))
        {
            if (at + 2 >= name.Length || !char.IsAsciiHexDigit(name[at + 1]) || !char.IsAsciiHexDigit(name[at + 2]))
            {
                return name;
            }
        }

        return Uri.UnescapeDataString(name);
    }
}
