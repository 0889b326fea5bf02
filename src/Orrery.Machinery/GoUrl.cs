using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Orrery.Machinery.Patches;

namespace Orrery.Machinery;

/// <summary>
/// A URL by the rules of Go's <c>net/url</c>, which decide what upstream takes for one: absolute, opaque (<c>mailto:a</c>) or an absolute path, blanks
/// and quotes included.
/// </summary>
/// <param name="Scheme">In small letters; empty for a path alone.</param>
/// <param name="Opaque">What follows the scheme where that is no slash.</param>
/// <param name="User">As written; null for none.</param>
/// <param name="Host">With its port, and brackets around an IPv6 address; decoded.</param>
/// <param name="Path">Escaped.</param>
/// <param name="RawQuery">As written, without the question mark.</param>
/// <param name="Fragment">As written, without the hash.</param>
internal sealed record GoUrl(string Scheme, string Opaque, string? User, string Host, string Path, string RawQuery, string Fragment)
{
    private const int MostParameters = 10_000;
    private const string Marks = "-_.~";
    private const string InPath = Marks + "$&+,/:;=@";
    private const string InHost = Marks + "!$&'()*+,;=:[]<>\"";
    private const string InUser = "-._:~!$&'()*+,;=%@";

    /// <summary>What a path may hold as it is, beside letters and digits, without being escaped anew.</summary>
    private const string Kept = InPath + "!'()*[]%";

    private static readonly SearchValues<char> SchemeCharacters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    /// <summary>Characters, about.</summary>
    public int Length => Scheme.Length + Opaque.Length + Host.Length + Path.Length + RawQuery.Length + Fragment.Length;

    public string Port => PortColon is >= 0 and int colon ? Host[(colon + 1)..] : "";

    public string Hostname
    {
        get
        {
            string name = PortColon is >= 0 and int colon ? Host[..colon] : Host;
            return name.StartsWith('[') && name.EndsWith(']') ? name[1..^1] : name;
        }
    }

    private int PortColon => Host.LastIndexOf(':') is >= 0 and int colon && IsPort(Host[colon..]) ? colon : -1;

    /// <summary>An absolute one, or an absolute path. Null for what is none; <paramref name="fault"/> then holds Go's sentence.</summary>
    public static GoUrl? Parse(string text, out string fault)
    {
        // As upstream does: the whole text must pass as the target of a request, which knows no fragment, and is then read as a URL, which does.
        fault = TargetFault(text) ?? "";
        return fault.Length > 0 ? null : ParseAny(text, out fault);
    }

    /// <summary>As <see cref="Parse"/>, and takes relative ones too.</summary>
    public static GoUrl? ParseAny(string text, out string fault)
    {
        int hash = text.IndexOf('#', StringComparison.Ordinal);
        string head = hash < 0 ? text : text[..hash], fragment = hash < 0 ? "" : text[(hash + 1)..];
        GoUrl? url = Read(head, isTarget: false, out string? wrong);

        // What is wrong behind the hash is told of the whole.
        string? behind = url is null ? null : EscapeFault(fragment);
        fault = url is null ? $"parse {GoText.Quote(head)}: {wrong}" : behind is null ? "" : $"parse {GoText.Quote(text)}: {behind}";
        return url is null || behind is not null ? null : url with { Fragment = fragment };
    }

    /// <summary>What is wrong with a text as the target of a request, which is what formats of texts ask for; null for nothing.</summary>
    public static string? TargetFault(string text) => Read(text, isTarget: true, out string? wrong) is null ? $"parse {GoText.Quote(text)}: {wrong}" : null;

    /// <summary>Parameters with their values in the order in which they stand; what cannot be decoded is left out.</summary>
    public IEnumerable<KeyValuePair<string, string>> Parameters()
    {
        string[] pairs = RawQuery.Split('&');
        foreach (string pair in pairs.Length > MostParameters ? [] : pairs)
        {
            if (pair.Length > 0 && !pair.Contains(';', StringComparison.Ordinal) && EscapeFault(pair) is null)
            {
                int equals = pair.IndexOf('=', StringComparison.Ordinal);
                yield return new(Parameter(equals < 0 ? pair : pair[..equals]), Parameter(equals < 0 ? "" : pair[(equals + 1)..]));
            }
        }
    }

    private static string Parameter(string text) => Encoding.UTF8.GetString(Decode(text.Replace('+', ' ')));

    private static GoUrl? Read(string text, bool isTarget, out string? wrong)
    {
        wrong = text.Any(c => c is < ' ' or '\u007f') ? "net/url: invalid control character in URL"
            : text.Length == 0 && isTarget ? "empty url"
            : text.StartsWith(':') ? "missing protocol scheme"
            : null;
        if (wrong is not null)
        {
            return null;
        }

        if (text == "*")
        {
            return new GoUrl("", "", null, "", "*", "", "");
        }

        // 1. The scheme, and what is asked.
        int end = text.AsSpan().IndexOfAnyExcept(SchemeCharacters);
        bool hasScheme = end > 0 && text[end] == ':' && char.IsAsciiLetter(text[0]);
        string scheme = hasScheme ? text[..end].ToLowerInvariant() : "", rest = hasScheme ? text[(end + 1)..] : text;
        int question = rest.IndexOf('?', StringComparison.Ordinal);
        string query = question < 0 ? "" : rest[(question + 1)..];
        rest = question < 0 ? rest : rest[..question];
        if (!rest.StartsWith('/') && hasScheme)
        {
            return new GoUrl(scheme, rest, null, "", "", query, "");
        }

        if (!rest.StartsWith('/'))
        {
            wrong = isTarget ? "invalid URI for request"
                : rest.Split('/')[0].Contains(':', StringComparison.Ordinal) ? "first path segment in URL cannot contain colon"
                : EscapeFault(rest);
            return wrong is null ? new GoUrl("", "", null, "", Escaped(rest), query, "") : null;
        }

        // 2. Who is asked. In a target two slashes without a scheme are a path.
        string? user = null;
        string host = "";
        if (rest.StartsWith("//", StringComparison.Ordinal) && (hasScheme || (!isTarget && !rest.StartsWith("///", StringComparison.Ordinal))))
        {
            int slash = rest.IndexOf('/', 2);
            string authority = slash < 0 ? rest[2..] : rest[2..slash];
            rest = slash < 0 ? "" : rest[slash..];
            int at = authority.LastIndexOf('@');
            user = at < 0 ? null : authority[..at];
            host = ReadHost(scheme, authority[(at + 1)..], out wrong);
            wrong ??= user is null ? null : UserFault(user);
        }

        wrong ??= EscapeFault(rest);
        return wrong is null ? new GoUrl(scheme, "", user, host, Escaped(rest), query, "") : null;
    }

    private static string? UserFault(string user) =>
        user.All(c => char.IsAsciiLetterOrDigit(c) || InUser.Contains(c, StringComparison.Ordinal)) ? EscapeFault(user) : "net/url: invalid userinfo";

    private static string ReadHost(string scheme, string host, out string? wrong)
    {
        int open = host.LastIndexOf('['), close = host.LastIndexOf(']');
        if (open > 0 || (open == 0 && close < 0))
        {
            wrong = open > 0 ? "invalid IP-literal" : "missing ']' in host";
            return "";
        }

        // 1. The port. Some databases name several hosts, each with its own.
        int colon = scheme is "http" or "https" ? host.IndexOf(':', StringComparison.Ordinal) : host.LastIndexOf(':');
        string port = open == 0 ? host[(close + 1)..] : colon < 0 ? "" : host[colon..];
        if (!IsPort(port))
        {
            wrong = $"invalid port {GoText.Quote(port)} after host";
            return "";
        }

        if (open < 0)
        {
            wrong = HostFault(host);
            return wrong is null ? Decoded(host) : "";
        }

        // 2. An IPv6 address, perhaps with a zone.
        string name = host[1..close];
        int zone = name.IndexOf("%25", StringComparison.Ordinal);
        wrong = HostFault(zone < 0 ? name : name[..zone]) ?? (zone < 0 ? null : EscapeFault(name[zone..]));
        if (wrong is null)
        {
            name = Decoded(name);
            wrong = !IPAddress.TryParse(name.Split('%')[0], out IPAddress? address) ? $"invalid host: ParseAddr({GoText.Quote(name)}): unable to parse IP"
                : address.AddressFamily == AddressFamily.InterNetwork ? "invalid IP-literal"
                : null;
        }

        return wrong is null ? $"[{name}]{port}" : "";
    }

    private static bool IsPort(string text) => text.Length == 0 || (text[0] == ':' && text.Skip(1).All(char.IsAsciiDigit));

    /// <summary>Of a host only what is beyond ASCII may be escaped, and the percent sign itself.</summary>
    private static string? HostFault(string host)
    {
        for (int i = 0; i < host.Length; i++)
        {
            if (host[i] == '%')
            {
                if (!IsEscape(host, i) || (host[i + 1] < '8' && string.CompareOrdinal(host, i, "%25", 0, 3) != 0))
                {
                    return EscapeFault(host, i);
                }

                i += 2;
            }
            else if (char.IsAscii(host[i]) && !char.IsAsciiLetterOrDigit(host[i]) && !InHost.Contains(host[i], StringComparison.Ordinal))
            {
                return $"invalid character {GoText.Quote(host[i].ToString())} in host name";
            }
        }

        return null;
    }

    /// <summary>The first percent sign that no two digits follow; null for none.</summary>
    private static string? EscapeFault(string text)
    {
        for (int i = text.IndexOf('%', StringComparison.Ordinal); i >= 0; i = text.IndexOf('%', i + 1))
        {
            if (!IsEscape(text, i))
            {
                return EscapeFault(text, i);
            }
        }

        return null;
    }

    private static string EscapeFault(string text, int at) => $"invalid URL escape {GoText.Quote(text[at..Math.Min(text.Length, at + 3)])}";

    private static bool IsEscape(string text, int at) => at + 2 < text.Length && char.IsAsciiHexDigit(text[at + 1]) && char.IsAsciiHexDigit(text[at + 2]);

    /// <summary>A path as it is written where it is well escaped, else with everything escaped that must be.</summary>
    private static string Escaped(string path) => path.All(c => char.IsAsciiLetterOrDigit(c) || Kept.Contains(c, StringComparison.Ordinal))
        ? path
        : string.Concat(Decode(path).Select(b => char.IsAsciiLetterOrDigit((char)b) || InPath.Contains((char)b, StringComparison.Ordinal) ? ((char)b).ToString() : $"%{b:X2}"));

    private static string Decoded(string text) => Encoding.UTF8.GetString(Decode(text));

    /// <summary>Of a text whose escapes are right.</summary>
    private static byte[] Decode(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int length = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            bool escaped = bytes[i] == '%';
            bytes[length++] = escaped ? (byte)((Digit(bytes[i + 1]) << 4) | Digit(bytes[i + 2])) : bytes[i];
            i += escaped ? 2 : 0;
        }

        return bytes[..length];
    }

    private static int Digit(byte hex) => hex <= '9' ? hex - '0' : (hex | 0x20) - 'a' + 10;
}
