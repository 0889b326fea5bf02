using System.Globalization;
using System.Numerics;
using System.Text;
using Orrery.Helm.Host;

namespace Orrery.Helm.Go;

/// <summary>Go's encoding/json in both directions, on byte strings.</summary>
internal static partial class GoJson
{
    public static string Write(object? value, bool escapeHtml = true, string? indent = null)
    {
        var b = new StringBuilder();
        Write(b, value, escapeHtml, indent, "\n", 0);
        return b.ToString();
    }

    private static void Write(StringBuilder b, object? value, bool html, string? indent, string line, int depth)
    {
        Templates.RenderBudget.Visit(b.Length);
        if (depth > 1000)
        {
            throw new GoException("json: unsupported value: encountered a cycle via " + GoTypes.TypeOf(value));
        }

        switch (value)
        {
            case null:
                b.Append("null");
                return;
            case bool v:
                b.Append(v ? "true" : "false");
                return;
            case string s:
                String(b, s, html);
                return;
            case double d:
                b.Append(Number(d));
                return;
            case Complex:
                throw new GoException("json: unsupported type: complex128");
            case GoMap { IsNil: true } or GoSlice { IsNil: true }:
                b.Append("null");
                return;
            case GoMap map:
                Members(b, map.Sorted.Select(i => (i.Key, i.Value)), html, indent, line, depth);
                return;
            case OrderedFields fields:
                Members(b, fields.Fields, html, indent, line, depth);
                return;
            case GoSlice { Type: "[]uint8" } bytes:
                b.Append('"').Append(Convert.ToBase64String([.. bytes.Items.Select(i => (byte)i!)])).Append('"');
                return;
            case GoSlice list:
                Elements(b, list, html, indent, line, depth);
                return;
            case GoObject o:
                Write(b, o.Json, html, indent, line, depth + 1);
                return;
            default:
                b.Append(GoTypes.Integer(value)!.Value.ToString(CultureInfo.InvariantCulture));
                return;
        }
    }

    private static void Elements(StringBuilder b, GoSlice list, bool html, string? indent, string line, int depth)
    {
        if (list.Count == 0)
        {
            b.Append("[]");
            return;
        }

        string inner = indent is null ? "" : line + indent;
        b.Append('[');
        for (int i = 0; i < list.Count; i++)
        {
            b.Append(i > 0 ? "," : "").Append(inner);
            Write(b, list.Items[i], html, indent, inner, depth + 1);
        }

        b.Append(indent is null ? "" : line).Append(']');
    }

    private static void Members(StringBuilder b, IEnumerable<(string, object?)> members, bool html, string? indent, string line, int depth)
    {
        string inner = indent is null ? "" : line + indent;
        bool first = true;
        b.Append('{');
        foreach ((string key, object? value) in members)
        {
            b.Append(first ? "" : ",").Append(inner);
            first = false;
            String(b, key, html);
            b.Append(indent is null ? ":" : ": ");
            Write(b, value, html, indent, inner, depth + 1);
        }

        b.Append(indent is null || first ? "" : line).Append('}');
    }

    public static string Number(double d)
    {
        if (double.IsNaN(d) || double.IsInfinity(d))
        {
            throw new GoException("json: unsupported value: " + GoFloat.Format(d, 'g', -1));
        }

        double size = Math.Abs(d);
        if (size != 0 && size is < 1e-6 or >= 1e21)
        {
            string text = GoFloat.Format(d, 'e', -1);
            // Go cleans e-09 to e-9.
            return text.Length > 4 && text[^4] == 'e' && text[^3] == '-' && text[^2] == '0' ? text[..^2] + text[^1] : text;
        }

        return GoFloat.Format(d, 'f', -1);
    }

    private static void String(StringBuilder b, string s, bool html)
    {
        b.Append('"');
        foreach ((int at, int rune, int size) in Utf8.Runes(s))
        {
            switch (rune)
            {
                case '"' or '\\':
                    b.Append('\\').Append((char)rune);
                    break;
                case '\b':
                    b.Append("\\b");
                    break;
                case '\f':
                    b.Append("\\f");
                    break;
                case '\n':
                    b.Append("\\n");
                    break;
                case '\r':
                    b.Append("\\r");
                    break;
                case '\t':
                    b.Append("\\t");
                    break;
                case < ' ':
                case '<' or '>' or '&' when html:
                case 0x2028 or 0x2029:
                    b.Append("\\u").Append(rune.ToString("x4", CultureInfo.InvariantCulture));
                    break;
                case Utf8.ErrorRune when size == 1:
                    b.Append("\\ufffd");
                    break;
                default:
                    b.Append(s, at, size);
                    break;
            }
        }

        b.Append('"');
    }
}
