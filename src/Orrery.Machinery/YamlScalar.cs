using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Orrery.Machinery;

/// <summary>What a scalar means: go-yaml v2's resolve table.</summary>
internal static partial class YamlScalar
{
    public static JsonNode? Resolve(Scalar scalar)
    {
        string tag = scalar.Tag.IsEmpty || scalar.Tag.IsNonSpecific ? "" : scalar.Tag.Value;
        if (tag is "tag:yaml.org,2002:binary")
        {
            return JsonValue.Create(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(scalar.Value)));
        }

        if (tag is "tag:yaml.org,2002:str" || (tag.Length == 0 && scalar.Style != ScalarStyle.Plain))
        {
            return JsonValue.Create(scalar.Value);
        }

        return Plain(scalar.Value);
    }

    /// <summary>The text of a key as sigs.k8s.io/yaml writes it; null for what cannot be one.</summary>
    public static string? KeyText(JsonNode? key) => key is JsonValue value
        ? value.GetValueKind() == System.Text.Json.JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString()
        : null;

    /// <summary>Whether a plain scalar of this text is read as just this text.</summary>
    public static bool IsPlainText(string text)
    {
        try
        {
            // Dates stay strings for us, and are none for go-yaml, which quotes them.
            return text != "<<" && text != "=" && !DateForm().IsMatch(text) && Plain(text) is { } read && read.GetValueKind() == System.Text.Json.JsonValueKind.String;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")]
    private static partial Regex DateForm();

    private static JsonNode? Plain(string text)
    {
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON":
                return JsonValue.Create(true);
            case "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF":
                return JsonValue.Create(false);
        }

        if (!(char.IsAsciiDigit(text[0]) || text[0] is '+' or '-' or '.'))
        {
            return JsonValue.Create(text);
        }

        if (text is ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF" or "-.inf" or "-.Inf" or "-.INF" or ".nan" or ".NaN" or ".NAN")
        {
            throw new FormatException($"{text} cannot be written as JSON");
        }

        string digits = text.Replace("_", "", StringComparison.Ordinal);
        if (Integer(digits) is { } integer)
        {
            return integer;
        }

        return FloatForm().IsMatch(digits) && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? GoNumber.ToJson(number)
            : JsonValue.Create(text);
    }

    /// <summary>Go's <c>strconv.ParseInt(s, 0, 64)</c>, then <c>ParseUint</c>.</summary>
    private static JsonValue? Integer(string text)
    {
        bool negative = text.StartsWith('-');
        string rest = negative || text.StartsWith('+') ? text[1..] : text;
        if (rest.Length == 0 || !char.IsAsciiDigit(rest[0]))
        {
            return null;
        }

        int radix = 10;
        if (rest.Length > 1 && rest[0] == '0')
        {
            (radix, rest) = char.ToLowerInvariant(rest[1]) switch
            {
                'x' => (16, rest[2..]),
                'o' => (8, rest[2..]),
                'b' => (2, rest[2..]),
                _ => (8, rest[1..]),
            };
        }

        ulong magnitude = 0;
        if (rest.Length == 0)
        {
            return null;
        }

        foreach (char c in rest)
        {
            int digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            if (digit >= radix || magnitude > (ulong.MaxValue - (ulong)digit) / (ulong)radix)
            {
                return null;
            }

            magnitude = (magnitude * (ulong)radix) + (ulong)digit;
        }

        return (negative, magnitude) switch
        {
            (true, <= (ulong)long.MaxValue) => JsonValue.Create(-(long)magnitude),
            (true, (ulong)long.MaxValue + 1) => JsonValue.Create(long.MinValue),
            (true, _) => null,
            (false, <= (ulong)long.MaxValue) => JsonValue.Create((long)magnitude),
            _ => JsonValue.Create(magnitude),
        };
    }

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")]
    private static partial Regex FloatForm();
}
