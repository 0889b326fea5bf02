using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>Scalars with a decoder of their own in Go: each returns the value in its one form, or throws a FormatException with Go's text.</summary>
internal static partial class TypedScalars
{
    public const string Time = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
    public const string MicroTime = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";
    private const string Layout = "2006-01-02T15:04:05Z07:00";
    private const string MicroLayout = "2006-01-02T15:04:05.000000Z07:00";

    /// <summary>The node itself when it is an integer that fits; null when it is not.</summary>
    public static JsonNode? Integer(JsonNode node, string? format)
    {
        if (!(node is JsonValue known && known.TryGetValue(out long value)) && !long.TryParse(node.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value))
        {
            return null;
        }

        return format == "int32" && value is < int.MinValue or > int.MaxValue ? null : node;
    }

    public static JsonNode IntegerOrString(JsonNode node)
    {
        if (node.GetValueKind() == JsonValueKind.String)
        {
            return node;
        }

        string value = node.GetValueKind() == JsonValueKind.Number ? $"number {node.ToJsonString()}" : GoTypes.ValueName(node);
        return node.GetValueKind() == JsonValueKind.Number && Integer(node, "int32") is not null
            ? node
            : throw new FormatException($"json: cannot unmarshal {value} into Go value of type int32");
    }

    public static JsonNode Amount(JsonNode node)
    {
        string text = node.GetValueKind() switch
        {
            JsonValueKind.String => node.GetValue<string>(),
            JsonValueKind.Number => node.ToJsonString(),
            _ => throw new FormatException(Quantity.FormatFault),
        };
        if (!Quantity.TryParse(text.Trim(), out Quantity quantity, out string fault))
        {
            throw new FormatException(fault);
        }

        string canonical = quantity.ToString();
        return node.GetValueKind() == JsonValueKind.String && canonical == text ? node : JsonValue.Create(canonical);
    }

    /// <summary>Amounts in their one form, brought up to thousandths where they are finer (core <c>v1/defaults.go</c>, SetDefaults_ResourceList).</summary>
    public static void RoundUp(JsonObject amounts)
    {
        for (int i = 0; i < amounts.Count; i++)
        {
            (string name, JsonNode? amount) = amounts.GetAt(i);
            if (amount?.GetValueKind() == JsonValueKind.String && amount.GetValue<string>() is var text && text is [.., 'u' or 'n'] or [.., 'e', '-', '6' or '9'])
            {
                amounts.SetAt(i, name, JsonValue.Create(Quantity.Parse(text).RoundedToMilli().ToString()));
            }
        }
    }

    public static JsonNode? Timestamp(JsonNode node, string type)
    {
        if (node.GetValueKind() != JsonValueKind.String)
        {
            throw new FormatException($"json: cannot unmarshal {GoTypes.ValueName(node)} into Go value of type string");
        }

        string text = node.GetValue<string>();
        if (type == Time && IsWritten(text))
        {
            return node;
        }

        if (!TryReadTime(text, out DateTimeOffset time))
        {
            string layout = type == MicroTime ? MicroLayout : Layout;
            throw new FormatException($"parsing time {JsonValue.Create(text).ToJsonString()} as \"{layout}\": cannot parse \"{text}\" as \"2006\"");
        }

        if (type == MicroTime && MicroFault(text) is { } fault)
        {
            throw new FormatException($"parsing time {JsonValue.Create(text).ToJsonString()} as \"{MicroLayout}\": {fault}");
        }

        string written = time.UtcDateTime.ToString(type == MicroTime ? "yyyy-MM-ddTHH:mm:ss.ffffffZ" : "yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        return written == text ? node : JsonValue.Create(written);
    }

    /// <summary>A time of this kind has six digits of a second, neither more nor fewer; null when it has.</summary>
    private static string? MicroFault(string text)
    {
        const int Seconds = 19, Digits = 6;
        int digits = text.AsSpan(Seconds + 1).IndexOfAnyExceptInRange('0', '9');
        return text[Seconds] is not ('.' or ',') || digits < Digits ? $"cannot parse \"{text[Seconds..]}\" as \".000000\""
            : digits > Digits ? $"cannot parse \"{text[(Seconds + 1 + Digits)..]}\" as \"Z07:00\""
            : null;
    }

    /// <summary>A time in its one form, such as every time that was stored.</summary>
    private static bool IsWritten(string text)
    {
        if (text.Length != 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z')
        {
            return false;
        }

        int year = (100 * Two(0)) + Two(2), month = Two(5), day = Two(8);
        return year is >= 1 and <= 9999 && month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month)
            && Two(11) is >= 0 and < 24 && Two(14) is >= 0 and < 60 && Two(17) is >= 0 and < 60;

        int Two(int at) => char.IsAsciiDigit(text[at]) && char.IsAsciiDigit(text[at + 1]) ? (10 * (text[at] - '0')) + text[at + 1] - '0' : -1_000_000;
    }

    /// <summary>RFC 3339, with any number of fraction digits.</summary>
    public static bool TryReadTime(string text, out DateTimeOffset time)
    {
        time = default;
        return Rfc3339().IsMatch(text)
            && DateTimeOffset.TryParse(text.ToUpperInvariant(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }

    public static JsonNode Bytes(JsonNode node)
    {
        string text = node.GetValue<string>();
        string compact = text.Contains('\n', StringComparison.Ordinal) || text.Contains('\r', StringComparison.Ordinal)
            ? text.Replace("\n", "", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal)
            : text;
        int fault = Base64Fault(compact);
        if (fault >= 0)
        {
            throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"illegal base64 data at input byte {fault}"));
        }

        return ReferenceEquals(compact, text) ? node : JsonValue.Create(compact);
    }

    /// <summary>Index of the first byte that Go's base64.StdEncoding refuses; -1 when all is well.</summary>
    private static int Base64Fault(string text)
    {
        int padding = 0;
        for (int i = 0; i < text.Length; i++)
        {
            bool alphabet = char.IsAsciiLetterOrDigit(text[i]) || text[i] is '+' or '/';
            if (text[i] == '=' && i % 4 >= 2 && i >= text.Length - 2)
            {
                padding++;
            }
            else if (!alphabet || padding > 0)
            {
                return i;
            }
        }

        return text.Length % 4 == 0 ? -1 : text.Length - (text.Length % 4);
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d([.,]\d+)?([Zz]|[+-]\d\d:\d\d)$")]
    private static partial Regex Rfc3339();
}
