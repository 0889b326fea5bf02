using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Patches;

/// <summary>JSON values as Go prints them, for messages that upstream builds with <c>%v</c> and <c>%#v</c>.</summary>
public static class GoText
{
    /// <summary><c>%v</c>: <c>map[image:noname:1]</c>, <c>[a b]</c>, keys in order.</summary>
    public static string Plain(JsonNode? value) => Write(new StringBuilder(), value, false).ToString();

    /// <summary><c>%#v</c>: <c>map[string]interface {}{"a":1}</c>.</summary>
    public static string Source(JsonNode? value) => Write(new StringBuilder(), value, true).ToString();

    /// <summary>What encoding/json calls the value in its errors: object, array, string, number, bool or null.</summary>
    public static string JsonTypeOf(JsonNode? value) => value?.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.True or JsonValueKind.False => "bool",
        _ => "null",
    };

    /// <summary><c>%T</c> of a decoded value.</summary>
    public static string TypeOf(JsonNode? value) => value?.GetValueKind() switch
    {
        JsonValueKind.Object => "map[string]interface {}",
        JsonValueKind.Array => "[]interface {}",
        JsonValueKind.String => "string",
        JsonValueKind.Number => value.ToJsonString().AsSpan().ContainsAny('.', 'e', 'E') ? "float64" : "int64",
        JsonValueKind.True or JsonValueKind.False => "bool",
        _ => "<nil>",
    };

    /// <summary>A string as <c>%q</c> prints it.</summary>
    internal static string Quote(string text)
    {
        var to = new StringBuilder("\"", text.Length + 2);
        foreach (Rune rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => to.Append("\\\""),
                '\\' => to.Append("\\\\"),
                '\n' => to.Append("\\n"),
                '\r' => to.Append("\\r"),
                '\t' => to.Append("\\t"),
                < 0x20 or 0x7f => to.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
                _ => to.Append(rune),
            };
        }

        return to.Append('"').ToString();
    }

    private static StringBuilder Write(StringBuilder to, JsonNode? value, bool source)
    {
        switch (value)
        {
            case null:
                return to.Append(source ? "interface {}(nil)" : "<nil>");
            case JsonObject o:
                to.Append(source ? "map[string]interface {}{" : "map[");
                string between = "";
                foreach ((string name, JsonNode? member) in o.OrderBy(m => m.Key, StringComparer.Ordinal))
                {
                    Write(to.Append(between).Append(source ? Quote(name) : name).Append(':'), member, source);
                    between = source ? ", " : " ";
                }

                return to.Append(source ? '}' : ']');
            case JsonArray a:
                to.Append(source ? "[]interface {}{" : "[");
                for (int i = 0; i < a.Count; i++)
                {
                    Write(to.Append(i == 0 ? "" : source ? ", " : " "), a[i], source);
                }

                return to.Append(source ? '}' : ']');
            default:
                return value.GetValueKind() == JsonValueKind.String
                    ? to.Append(source ? Quote(value.GetValue<string>()) : value.GetValue<string>())
                    : to.Append(value.ToJsonString());
        }
    }
}
