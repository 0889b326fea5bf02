using System.Text;

namespace Orrery.Helm.Go;

/// <summary>A URL as Go's net/url takes it apart and puts it together.</summary>
internal sealed record GoUrl
{
    private const string Marks = "-_.~";

    public string Scheme { get; init; } = "";

    public string Opaque { get; init; } = "";

    /// <summary>User and password; null when the URL has neither.</summary>
    public (string User, string? Password)? Login { get; init; }

    public string Host { get; init; } = "";

    public string Path { get; init; } = "";

    public string Query { get; init; } = "";

    public string Fragment { get; init; } = "";

    private bool ForceQuery { get; init; }

    private bool OmitHost { get; init; }

    public string UserInfo => Login is not { } login ? ""
        : Escape(login.User, Marks + "$&+,;=") + (login.Password is null ? "" : ":" + Escape(login.Password, Marks + "$&+,;="));

    /// <summary>The host without its port and without the brackets of an IPv6 address.</summary>
    public string HostName
    {
        get
        {
            if (Host.StartsWith('[') && Host.IndexOf(']', StringComparison.Ordinal) is > 0 and var end)
            {
                return Host[1..end];
            }

            int colon = Host.LastIndexOf(':');
            return colon >= 0 && IsPort(Host[colon..]) ? Host[..colon] : Host;
        }
    }

    /// <exception cref="GoException">It is none; the text is Go's.</exception>
    public static GoUrl Parse(string url)
    {
        int hash = url.IndexOf('#', StringComparison.Ordinal);
        string head = hash < 0 ? url : url[..hash];
        GoUrl parsed;
        try
        {
            parsed = ParseHead(head);
        }
        catch (GoException e)
        {
            throw new GoException($"parse {GoQuote.Quote(head)}: {e.Message}");
        }

        try
        {
            return hash < 0 ? parsed : parsed with { Fragment = Unescape(url[(hash + 1)..], host: false) };
        }
        catch (GoException e)
        {
            throw new GoException($"parse {GoQuote.Quote(url)}: {e.Message}");
        }
    }

    private static GoUrl ParseHead(string url)
    {
        if (url.Any(c => c is < ' ' or '\x7F'))
        {
            throw new GoException("net/url: invalid control character in URL");
        }

        if (url == "*")
        {
            return new GoUrl { Path = "*" };
        }

        (string scheme, string rest) = SplitScheme(url);
        bool force = rest.EndsWith('?') && rest.IndexOf('?', StringComparison.Ordinal) == rest.Length - 1;
        int mark = rest.IndexOf('?', StringComparison.Ordinal);
        string query = mark < 0 ? "" : rest[(mark + 1)..];
        rest = mark < 0 ? rest : rest[..mark];
        var parsed = new GoUrl { Scheme = scheme.ToLowerInvariant(), Query = query, ForceQuery = force };
        if (!rest.StartsWith('/'))
        {
            if (scheme.Length > 0)
            {
                return parsed with { Opaque = rest };
            }

            if (rest.Split('/')[0].Contains(':', StringComparison.Ordinal))
            {
                throw new GoException("first path segment in URL cannot contain colon");
            }
        }

        if (rest.StartsWith("//", StringComparison.Ordinal) && (scheme.Length > 0 || !rest.StartsWith("///", StringComparison.Ordinal)))
        {
            int slash = rest.IndexOf('/', 2);
            string authority = slash < 0 ? rest[2..] : rest[2..slash];
            rest = slash < 0 ? "" : rest[slash..];
            int at = authority.LastIndexOf('@');
            string host = ParseHost(authority[(at + 1)..]);
            parsed = parsed with { Host = host, Login = at < 0 ? null : ParseLogin(authority[..at]) };
        }
        else if (scheme.Length > 0 && rest.StartsWith('/'))
        {
            parsed = parsed with { OmitHost = true };
        }

        return parsed with { Path = Unescape(rest, host: false) };
    }

    private static (string Scheme, string Remaining) SplitScheme(string url)
    {
        for (int i = 0; i < url.Length; i++)
        {
            char c = url[i];
            if (char.IsAsciiLetter(c))
            {
                continue;
            }

            if (c == ':')
            {
                return i == 0 ? throw new GoException("missing protocol scheme") : (url[..i], url[(i + 1)..]);
            }

            if (i == 0 || !(char.IsAsciiDigit(c) || c is '+' or '-' or '.'))
            {
                break;
            }
        }

        return ("", url);
    }

    private static (string User, string? Password) ParseLogin(string info)
    {
        if (!info.All(c => char.IsAsciiLetterOrDigit(c) || "-._:~!$&'()*+,;=%@".Contains(c, StringComparison.Ordinal)))
        {
            throw new GoException("net/url: invalid userinfo");
        }

        int colon = info.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? (Unescape(info, host: false), null) : (Unescape(info[..colon], host: false), Unescape(info[(colon + 1)..], host: false));
    }

    private static bool IsPort(string s) => s.Length == 0 || (s[0] == ':' && s.Skip(1).All(char.IsAsciiDigit));

    private static string ParseHost(string host)
    {
        int colon = host.LastIndexOf(':');
        if (host.StartsWith('['))
        {
            colon = host.LastIndexOf(']') is >= 0 and var end ? end + 1 : throw new GoException("missing ']' in host");
        }

        string port = colon < 0 ? "" : host[colon..];
        return IsPort(port) ? Unescape(host, host: true) : throw new GoException($"invalid port {GoQuote.Quote(port)} after host");
    }

    private static string Unescape(string s, bool host)
    {
        var b = new StringBuilder(s.Length);
        for (int i = 0; i < s.Length; i++)
        {
            if (s[i] == '%')
            {
                bool hex = i + 2 < s.Length && char.IsAsciiHexDigit(s[i + 1]) && char.IsAsciiHexDigit(s[i + 2]);
                if (!hex || (host && s[i + 1] < '8' && string.CompareOrdinal(s, i, "%25", 0, 3) != 0))
                {
                    throw new GoException("invalid URL escape " + GoQuote.Quote(s.Substring(i, Math.Min(3, s.Length - i))));
                }

                b.Append((char)Convert.ToByte(s.Substring(i + 1, 2), 16));
                i += 2;
            }
            else if (host && s[i] < 0x80 && !char.IsAsciiLetterOrDigit(s[i]) && !(Marks + "!$&'()*+,;=:[]<>\"").Contains(s[i], StringComparison.Ordinal))
            {
                throw new GoException($"invalid character {GoQuote.Quote(s[i].ToString())} in host name");
            }
            else
            {
                b.Append(s[i]);
            }
        }

        return b.ToString();
    }

    private static string Escape(string s, string allowed) => Functions.Escapes.Percent(s, allowed);

    public override string ToString()
    {
        var b = new StringBuilder();
        b.Append(Scheme.Length > 0 ? Scheme + ":" : "");
        if (Opaque.Length > 0)
        {
            b.Append(Opaque);
        }
        else
        {
            bool authority = Scheme.Length > 0 || Host.Length > 0 || Login is not null;
            if (authority && !(OmitHost && Host.Length == 0 && Login is null))
            {
                b.Append(Host.Length > 0 || Path.Length > 0 || Login is not null ? "//" : "").Append(Login is null ? "" : UserInfo + "@");
                b.Append(Escape(Host, Marks + "!$&'()*+,;=:[]<>\""));
            }

            string path = Path == "*" ? "*" : Escape(Path, Marks + "$&+,/:;=@");
            b.Append(path.Length > 0 && path[0] != '/' && Host.Length > 0 ? "/" : "");
            // A first segment with a colon would read as a scheme.
            b.Append(b.Length == 0 && path.Split('/')[0].Contains(':', StringComparison.Ordinal) ? "./" : "").Append(path);
        }

        b.Append(ForceQuery || Query.Length > 0 ? "?" + Query : "");
        return b.Append(Fragment.Length > 0 ? "#" + Escape(Fragment, Marks + "$&+,/:;=?@!()*") : "").ToString();
    }
}
