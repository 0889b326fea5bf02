using System.Globalization;
using System.Text.Json;

namespace Orrery.Machinery.Tables;

/// <summary>The condition of <c>[?(…)]</c>: a comparison of two operands, or that a path leads somewhere.</summary>
internal sealed class JsonPathFilter
{
    private static readonly string[] Operators = ["==", "!=", "<=", ">=", "<", ">"];
    private readonly Func<JsonElement, object?> left;
    private readonly string op;
    private readonly Func<JsonElement, object?> right;

    private JsonPathFilter(Func<JsonElement, object?> left, string op, Func<JsonElement, object?> right)
    {
        this.left = left;
        this.op = op;
        this.right = right;
    }

    /// <exception cref="FormatException">An operand is no path and no literal.</exception>
    public static JsonPathFilter Parse(string text)
    {
        (int at, string? op) = FindOperator(text);
        return op is null
            ? new JsonPathFilter(Operand(text.Trim()), "", static _ => null)
            : new JsonPathFilter(Operand(text[..at].Trim()), op, Operand(text[(at + op.Length)..].Trim()));
    }

    public bool Holds(JsonElement o)
    {
        object? a = left(o);
        if (op.Length == 0)
        {
            return a is not null;
        }

        object? b = right(o);
        if (a is null || b is null)
        {
            return false;
        }

        int order = a is double x && b is double y ? x.CompareTo(y) : a.GetType() == b.GetType() ? string.CompareOrdinal(a.ToString(), b.ToString()) : 1;
        return op switch
        {
            "==" => order == 0,
            "!=" => order != 0,
            "<" => order < 0,
            ">" => order > 0,
            "<=" => order <= 0,
            _ => order >= 0,
        };
    }

    private static (int At, string? Operator) FindOperator(string text)
    {
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            if (quote != '\0')
            {
                quote = text[i] == quote ? '\0' : quote;
            }
            else if (text[i] is '\'' or '"')
            {
                quote = text[i];
            }
            else if (Operators.FirstOrDefault(o => string.CompareOrdinal(text, i, o, 0, o.Length) == 0) is { } op)
            {
                return (i, op);
            }
        }

        return (-1, null);
    }

    private static Func<JsonElement, object?> Operand(string text)
    {
        if (text.Length >= 2 && text[0] is '\'' or '"' && text[^1] == text[0])
        {
            string literal = text[1..^1];
            return _ => literal;
        }

        if (text is "true" or "false")
        {
            object flag = text == "true";
            return _ => flag;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
        {
            object boxed = number;
            return _ => boxed;
        }

        if (!text.StartsWith('@') && !text.StartsWith('.'))
        {
            throw new FormatException($"unrecognized filter operand {text}");
        }

        JsonPath path = JsonPath.Parse(text);
        return o => path.Find(o) is [var first, ..] ? Value(first) : null;
    }

    private static object? Value(JsonElement o) => o.ValueKind switch
    {
        JsonValueKind.String => o.GetString(),
        JsonValueKind.Number => o.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Null => null,
        _ => o.GetRawText(),
    };
}
