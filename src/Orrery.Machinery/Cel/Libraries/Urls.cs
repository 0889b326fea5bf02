using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary>Kubernetes' URLs (apiserver <c>pkg/cel/library/urls.go</c>): absolute, or an absolute path.</summary>
internal static class Urls
{
    public static IEnumerable<Overload> All =>
    [
        Of("url(string) kubernetes.URL", a => CelUrl.Parse((string)a[0]!) is { } url ? url : new CelError($"URL parse error during conversion from string: parse \"{a[0]}\": invalid URI for request")),
        Of("isURL(string) bool", a => CelUrl.Parse((string)a[0]!) is not null),
        Of("kubernetes.URL->getScheme() string", a => U(a).Scheme),
        Of("kubernetes.URL->getHost() string", a => U(a).Host),
        Of("kubernetes.URL->getHostname() string", a => U(a).Hostname),
        Of("kubernetes.URL->getPort() string", a => U(a).Port),
        Of("kubernetes.URL->getEscapedPath() string", a => U(a).Path),
        Of("kubernetes.URL->getQuery() map(string, list(string))", a => U(a).Query()),
    ];

    private static CelUrl U(object?[] a) => (CelUrl)a[0]!;
}

/// <summary>The parts of a URL as Go's net/url tells them.</summary>
internal sealed record CelUrl(string Scheme, string Host, string Path, string RawQuery)
{
    /// <summary>Characters, about.</summary>
    public int Length => Scheme.Length + Host.Length + Path.Length + RawQuery.Length;

    public string Port => Host.LastIndexOf(':') is >= 0 and int colon && colon > Host.LastIndexOf(']') ? Host[(colon + 1)..] : "";

    public string Hostname => (Port.Length > 0 || Host.EndsWith(':') ? Host[..Host.LastIndexOf(':')] : Host).Trim('[', ']');

    public static CelUrl? Parse(string text)
    {
        if (text.Length == 0 || text.Any(c => c is <= ' ' or '\u007f'))
        {
            return null;
        }

        int question = text.IndexOf('?', StringComparison.Ordinal);
        string query = question < 0 ? "" : text[(question + 1)..], rest = question < 0 ? text : text[..question];
        int colon = rest.IndexOf(':', StringComparison.Ordinal);
        string scheme = colon > 0 && char.IsAsciiLetter(rest[0]) && rest[..colon].All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.') ? rest[..colon].ToLowerInvariant() : "";
        rest = scheme.Length > 0 ? rest[(colon + 1)..] : rest;
        if (!rest.StartsWith('/'))
        {
            return null;
        }

        string host = "";
        if (scheme.Length > 0 && rest.StartsWith("//", StringComparison.Ordinal))
        {
            int slash = rest.IndexOf('/', 2);
            string authority = slash < 0 ? rest[2..] : rest[2..slash];
            host = authority[(authority.LastIndexOf('@') + 1)..];
            rest = slash < 0 ? "" : rest[slash..];
            if (host.Contains('[', StringComparison.Ordinal) != host.Contains(']', StringComparison.Ordinal))
            {
                return null;
            }
        }

        var url = new CelUrl(scheme, host, rest, query);
        return url.Port.All(char.IsAsciiDigit) ? url : null;
    }

    public CelDictionary Query()
    {
        var map = new CelDictionary();
        IEnumerable<string[]> pairs = RawQuery.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2));
        foreach (IGrouping<string, string> values in pairs.GroupBy(p => Decoded(p[0]), p => p.Length > 1 ? Decoded(p[1]) : ""))
        {
            map.TryAdd(values.Key, new CelList([.. values]));
        }

        return map;
    }

    private static string Decoded(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
