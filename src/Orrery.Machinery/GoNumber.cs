using System.Globalization;
using System.Text.Json.Nodes;

namespace Orrery.Machinery;

/// <summary>Numbers in the text that Go's encoding/json gives them, so that bytes agree with upstream's.</summary>
internal static class GoNumber
{
    /// <summary>A finite double as JSON: no fraction where it has none, exponents only below 1e-6 and from 1e21.</summary>
    public static JsonValue ToJson(double value) =>
        value == Math.Truncate(value) && Math.Abs(value) < 1e15 ? JsonValue.Create((long)value) : (JsonValue)JsonNode.Parse(Text(value))!;

    /// <summary>Brings numbers that are written with a fraction or an exponent into the form that Go gives a number without a type, in place: 1000.0 is 1000.</summary>
    /// <param name="except">A member of this very node that is left alone.</param>
    public static void Normalize(JsonNode node, string? except = null)
    {
        switch (node)
        {
            case JsonObject json:
                foreach ((string name, JsonNode? member) in json.ToArray())
                {
                    if (name == except)
                    {
                        continue;
                    }

                    if (IsFractional(member))
                    {
                        json[name] = ToJson(Read(member!));
                    }
                    else if (member is JsonObject or JsonArray)
                    {
                        Normalize(member);
                    }
                }

                break;
            case JsonArray array:
                for (int i = 0; i < array.Count; i++)
                {
                    if (IsFractional(array[i]))
                    {
                        array[i] = ToJson(Read(array[i]!));
                    }
                    else if (array[i] is JsonObject or JsonArray)
                    {
                        Normalize(array[i]!);
                    }
                }

                break;
        }
    }

    private static double Read(JsonNode number) => double.Parse(number.ToJsonString(), CultureInfo.InvariantCulture);

    private static bool IsFractional(JsonNode? node) =>
        node is JsonValue value && value.TryGetValue(out System.Text.Json.JsonElement element) && element.ValueKind == System.Text.Json.JsonValueKind.Number
        && System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(element).ContainsAny("eE."u8);

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
