using System.Globalization;
using System.Text.Json.Nodes;

namespace Orrery.Machinery;

/// <summary>Numbers in the text that Go's encoding/json gives them, so that bytes agree with upstream's.</summary>
internal static class GoNumber
{
    /// <summary>A finite double as JSON: no fraction where it has none, exponents only below 1e-6 and from 1e21.</summary>
    public static JsonValue ToJson(double value) =>
        value == Math.Truncate(value) && Math.Abs(value) < 1e15 ? JsonValue.Create((long)value) : (JsonValue)JsonNode.Parse(Text(value))!;

    public static string Text(double value)
    {
        double size = Math.Abs(value);
        string shortest = value.ToString("R", CultureInfo.InvariantCulture);
        if (value == 0)
        {
            return double.IsNegative(value) ? "-0" : "0";
        }

        if (size is >= 1e-6 and < 1e21)
        {
            return shortest.Contains('E', StringComparison.Ordinal) ? ((decimal)value).ToString(CultureInfo.InvariantCulture) : shortest;
        }

        // .NET writes 1E+21 and 1E-07; Go writes 1e+21 and 1e-07, with the leading zero of a negative exponent dropped.
        return shortest.Replace("E", "e", StringComparison.Ordinal).Replace("e-0", "e-", StringComparison.Ordinal);
    }
}
