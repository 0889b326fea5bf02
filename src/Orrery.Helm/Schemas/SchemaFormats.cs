using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Orrery.Helm.Functions;
using Orrery.Helm.Go;
using Orrery.Helm.Host;
using Orrery.Helm.Time;

namespace Orrery.Helm.Schemas;

/// <summary>The formats of strings, which drafts before 2019-09 assert; a format nobody knows allows everything.</summary>
internal static partial class SchemaFormats
{
    /// <summary>Why a string is not of a format; null when it is.</summary>
    public static string? Fault(string format, string text)
    {
        switch (format)
        {
            case "regex":
                return Caught(() => RegexSyntax.Translate(Utf8.ToText(text)));
            case "uuid":
                return Uuid().IsMatch(text) ? null : "must have 5 elements of 8-4-4-4-12 hexadecimal digits";
            case "ipv4":
                string[] parts = text.Split('.');
                return parts.Length != 4 ? "expected four decimals"
                    : parts.All(p => p.Length is > 0 and < 4 && p.All(char.IsAsciiDigit) && (p.Length == 1 || p[0] != '0') && int.Parse(p, System.Globalization.CultureInfo.InvariantCulture) < 256) ? null : "must be four decimals of 0 to 255 without leading zeros";
            case "ipv6":
                return text.Contains(':', StringComparison.Ordinal) && !text.Contains('%', StringComparison.Ordinal) && IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? null : "missing colon or invalid address";
            case "hostname":
                return Hostname(text);
            case "email":
                int at = text.LastIndexOf('@');
                return at < 0 ? "missing @" : at is 0 or > 64 ? "local part must have 1 to 64 characters" : text.Length > 254 ? "more than 254 characters" : Hostname(text[(at + 1)..]) is { } domain ? "invalid domain: " + domain : null;
            case "date":
                return text.Length == 10 ? Caught(() => GoTimeParse.Parse("2006-01-02", text)) : $"parsing time {GoQuote.Quote(text)}: not a date";
            case "time":
                return ZonedTime().IsMatch(text) ? Caught(() => GoTimeParse.Parse("15:04:05Z07:00", text.ToUpperInvariant())) : "less than 9 characters long or no zone";
            case "date-time":
                return text.Length >= 20 ? Caught(() => GoTimeParse.Parse("2006-01-02T15:04:05Z07:00", text.ToUpperInvariant())) : "less than 20 characters long";
            case "json-pointer":
                return text.Length == 0 || (text[0] == '/' && !BadTilde().IsMatch(text)) ? null : text[0] != '/' ? "not starting with /" : "~ must be followed by 0 or 1";
            case "uri":
                return Caught(() => GoUrl.Parse(text)) ?? (GoUrl.Parse(text).Scheme.Length == 0 ? "relative url" : null);
            case "uri-reference":
                return Caught(() => GoUrl.Parse(text)) ?? (text.Contains('\\', StringComparison.Ordinal) ? "contains \\" : null);
            case "semver":
                return SemanticVersion.IsValid(text) && text.Count(c => c == '.') >= 2 ? null : "no semantic version";
            default:
                return null;
        }
    }

    private static string? Caught(Func<object> read)
    {
        try
        {
            read();
            return null;
        }
        catch (GoException e)
        {
            return e.Message;
        }
    }

    private static string? Hostname(string text)
    {
        string name = text.TrimEnd('.');
        return name.Length > 253 ? "more than 253 characters long"
            : name.Split('.').All(l => l.Length is > 0 and < 64 && l[0] != '-' && l[^1] != '-' && l.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')) ? null
            : "label must be 1 to 63 letters, digits or hyphens, and neither start nor end with a hyphen";
    }

    [GeneratedRegex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
    private static partial Regex Uuid();

    [GeneratedRegex(@"^\d\d:\d\d:\d\d(\.\d+)?([zZ]|[+-]\d\d:\d\d)$")]
    private static partial Regex ZonedTime();

    [GeneratedRegex("~(?![01])")]
    private static partial Regex BadTilde();
}
