using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Yaml;

/// <summary>What a plain scalar means to go-yaml v2 (YAML 1.1), and so which strings must be quoted.</summary>
internal static partial class YamlResolve
{
    /// <summary>null, a bool, a BigInteger, a double, or the text itself.</summary>
    public static object? Resolve(string text)
    {
        switch (text)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                return null;
            case "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON":
                return true;
            case "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF":
                return false;
            case ".nan" or ".NaN" or ".NAN":
                return double.NaN;
            case ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF":
                return double.PositiveInfinity;
            case "-.inf" or "-.Inf" or "-.INF":
                return double.NegativeInfinity;
        }

        if (!(char.IsAsciiDigit(text[0]) || text[0] is '+' or '-' or '.'))
        {
            return text;
        }

        string digits = text.Replace("_", "", StringComparison.Ordinal);
        if (text[0] != '.' && digits.Length > 0 && GoParse.Integer(digits, 0) is { } integer && integer >= long.MinValue && integer <= ulong.MaxValue && digits is not ("+" or "-"))
        {
            return integer;
        }

        return FloatForm().IsMatch(digits) && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : text;
    }

    /// <summary>Whether a string written plain would be read back as something else.</summary>
    public static bool NeedsQuotes(string s) => Resolve(s) is not string || IsTimestamp(s) || Base60().IsMatch(s);

    private static bool IsTimestamp(string s)
    {
        if (s.Length < 8 || !char.IsAsciiDigit(s[0]) || !char.IsAsciiDigit(s[3]) || s[4] != '-')
        {
            return false;
        }

        Match m = Timestamp().Match(s);
        if (!m.Success)
        {
            return false;
        }

        int Part(int group) => m.Groups[group].Success ? int.Parse(m.Groups[group].Value, CultureInfo.InvariantCulture) : 0;
        (int year, int month, int day) = (Part(1), Part(2), Part(3));
        return month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(Math.Max(year, 1), month) && Part(4) < 24 && Part(5) < 60 && Part(6) < 60;
    }

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")]
    private static partial Regex FloatForm();

    [GeneratedRegex(@"^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$")]
    private static partial Regex Base60();

    [GeneratedRegex(@"^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|\s+)(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.\d+)?\s*(?:Z|[-+]\d{2}:\d{2})?)?$")]
    private static partial Regex Timestamp();
}
