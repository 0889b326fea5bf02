using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Orrery.Helm.Go;
using Orrery.Helm.Time;

namespace Orrery.Helm.Toml;

// Values: strings in four styles, numbers, dates, arrays and inline tables.
internal sealed partial class TomlReader
{
    private (object? Value, Origin Origin) Value(int depth, string[] key)
    {
        if (depth > MaxDepth)
        {
            throw Fault("nested too deep");
        }

        switch (Peek())
        {
            case '"':
                return (Peek(1) == '"' && Peek(2) == '"' ? Multiline('"') : Basic(), Origin.Value);
            case '\'':
                return (Peek(1) == '\'' && Peek(2) == '\'' ? Multiline('\'') : Literal(), Origin.Value);
            case '[':
                return (Array(depth, key), Origin.Value);
            case '{':
                return (Inline(depth, key), Origin.Inline);
        }

        Match plain = Plain().Match(s, at);
        string text = plain.Value;
        if (text.Length == 0)
        {
            throw Fault($"expected value but found {Shown} instead");
        }

        at += text.Length;
        return (Scalar(text), Origin.Value);
    }

    private object Scalar(string text)
    {
        switch (text)
        {
            case "true":
                return true;
            case "false":
                return false;
            case "inf" or "+inf":
                return double.PositiveInfinity;
            case "-inf":
                return double.NegativeInfinity;
            case "nan" or "+nan" or "-nan":
                return double.NaN;
        }

        if (Date(text) is { } date)
        {
            return date;
        }

        if (Integer().IsMatch(text))
        {
            string digits = text.Replace("_", "", StringComparison.Ordinal);
            return GoParse.Integer(digits, 0) is { } n && n >= long.MinValue && n <= long.MaxValue ? (long)n : throw Fault($"{GoQuote.Quote(text)} is out of range for int64");
        }

        if (Float().IsMatch(text))
        {
            double d = double.Parse(text.Replace("_", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture);
            return double.IsInfinity(d) ? throw Fault($"{GoQuote.Quote(text)} is out of range for float64") : d;
        }

        at -= text.Length;
        if (char.IsAsciiDigit(text[0]) || text[0] is '+' or '-')
        {
            throw Fault(Regex.IsMatch(text, @"^[+-]?0[0-9]") ? $"Invalid integer {GoQuote.Quote(text)}: cannot have leading zeroes" : $"Invalid integer {GoQuote.Quote(text)}: underscores must be surrounded by digits");
        }

        throw Fault($"expected value but found {(text.Length > 1 ? GoQuote.Quote(text) : Shown)} instead");
    }

    private GoTime? Date(string text)
    {
        if (!Dated().IsMatch(text))
        {
            return null;
        }

        string normal = text.Length > 10 && text[10] is 't' or ' ' ? text[..10] + "T" + text[11..] : text;
        normal = normal.EndsWith('z') ? normal[..^1] + "Z" : normal;
        bool zoned = normal.Length > 10 && (normal.EndsWith('Z') || normal.LastIndexOfAny(['+', '-']) > 10);
        (string layout, string zone) = normal.Length == 10 && normal[4] == '-' ? ("2006-01-02", "date-local")
            : normal[2] == ':' ? ("15:04:05.999999999", "time-local")
            : ("2006-01-02T15:04:05.999999999" + (zoned ? "Z07:00" : ""), "datetime-local");
        try
        {
            GoTime time = GoTimeParse.Parse(layout, normal);
            return zoned ? time : time.In(GoZone.Fixed(zone, 0));
        }
        catch (GoException)
        {
            throw Fault($"Invalid TOML Datetime: {GoQuote.Quote(text)}.");
        }
    }

    private GoSlice Array(int depth, string[] key)
    {
        var items = new List<object?>();
        at++;
        SkipAll();
        while (Peek() != ']')
        {
            if (Peek() < 0)
            {
                throw Fault("unexpected EOF; expected value");
            }

            items.Add(Value(depth + 1, key).Value);
            SkipAll();
            if (Peek() == ',')
            {
                at++;
                SkipAll();
            }
            else if (Peek() != ']')
            {
                throw Fault(Peek() < 0 ? "unexpected EOF; expected a comma (',') or array terminator (']')" : $"expected a comma (',') or array terminator (']'), but got {Shown}");
            }
        }

        at++;
        return new GoSlice(items);
    }

    private GoMap Inline(int depth, string[] key)
    {
        var table = new GoMap();
        at++;
        Blanks();
        for (bool first = true; Peek() != '}'; first = false)
        {
            if (!first)
            {
                if (Peek() != ',')
                {
                    throw Fault(Peek() < 0 ? "unexpected EOF; expected a comma or an inline table terminator '}'" : $"expected a comma or an inline table terminator '}}', but got {Shown} instead");
                }

                at++;
                Blanks();
            }

            InlineMember(table, depth, key);
            Blanks();
        }

        at++;
        return table;
    }

    private void InlineMember(GoMap table, int depth, string[] key)
    {
        string[] outerContext = context;
        context = [.. key, InlineMark];
        string[] outer = current;
        current = [];
        try
        {
            KeyValue(table, context, inline: true, depth + 1);
        }
        finally
        {
            (context, current) = (outerContext, outer);
        }
    }

    private string Basic()
    {
        var b = new StringBuilder();
        at++;
        while (true)
        {
            int c = Peek();
            switch (c)
            {
                case < 0:
                    throw Fault("unexpected EOF; expected '\"'");
                case '\n' or '\r':
                    throw Fault("strings cannot contain newlines");
                case '"':
                    at++;
                    return b.ToString();
                case '\\':
                    Escape(b);
                    break;
                default:
                    Plain(b, c);
                    break;
            }
        }
    }

    private void Plain(StringBuilder b, int c)
    {
        if (c is (< ' ' and not '\t') or 0x7F)
        {
            throw Fault(FormattableString.Invariant($"control characters are not allowed inside strings: use \"\\u{c:x4}\" instead"));
        }

        b.Append((char)c);
        at++;
    }

    private string Literal()
    {
        int from = ++at;
        while (Peek() != '\'')
        {
            switch (Peek())
            {
                case < 0:
                    throw Fault("unexpected EOF; expected \"'\"");
                case '\n' or '\r':
                    throw Fault("strings cannot contain newlines");
            }

            at++;
        }

        return s[from..at++];
    }

    private string Multiline(char quote)
    {
        var b = new StringBuilder();
        at += 3;
        NewLine();
        while (true)
        {
            int c = Peek();
            if (c < 0)
            {
                throw Fault($"unexpected EOF; expected {(quote == '"' ? "'\"\"\"'" : "\"'''\"")}");
            }

            if (c == quote && Peek(1) == quote && Peek(2) == quote)
            {
                // Up to two quotes may stand right before the three that close.
                while (Peek(3) == quote && b.Length >= 0)
                {
                    b.Append(quote);
                    at++;
                }

                at += 3;
                return b.ToString();
            }

            if (c == '\\' && quote == '"')
            {
                Escape(b, multiline: true);
            }
            else if (NewLine())
            {
                b.Append('\n');
            }
            else
            {
                Plain(b, c);
            }
        }
    }

    private void Escape(StringBuilder b, bool multiline = false)
    {
        at++;
        int c = Peek();
        if (multiline && c is ' ' or '\t' or '\n' or '\r')
        {
            int back = at;
            Blanks();
            if (NewLine())
            {
                do
                {
                    Blanks();
                }
                while (NewLine());
                return;
            }

            at = back;
        }

        int simple = c < 0 ? -1 : "btnfr\"\\".IndexOf((char)c, StringComparison.Ordinal);
        if (simple >= 0)
        {
            b.Append("\b\t\n\f\r\"\\"[simple]);
            at++;
            return;
        }

        int digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
        if (digits == 0)
        {
            throw Fault($"invalid escape character {Shown}; only the following escape characters are allowed: \\b, \\t, \\n, \\f, \\r, \\\", \\\\, \\uXXXX, and \\UXXXXXXXX");
        }

        at++;
        string hex = s.Substring(at, Math.Min(digits, s.Length - at));
        if (hex.Length < digits || !hex.All(char.IsAsciiHexDigit))
        {
            throw Fault($"expected {(digits == 4 ? "four" : "eight")} hexadecimal digits after '\\{(char)c}', but got {GoQuote.Quote(hex)} instead");
        }

        uint rune = uint.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        if (!Rune.IsValid(rune))
        {
            throw Fault($"Escaped character '\\{(char)c}{hex}' is not valid UTF-8.");
        }

        b.Append(Utf8.FromRune((int)rune));
        at += digits;
    }

    [GeneratedRegex(@"\G(?:\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d[0-9:.Zz+\-]*|[A-Za-z0-9_+\-.:]*)", RegexOptions.CultureInvariant)]
    private static partial Regex Plain();

    [GeneratedRegex(@"^(?:[+-]?(?:0|[1-9](?:_?[0-9])*)|0x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*)$")]
    private static partial Regex Integer();

    [GeneratedRegex(@"^[+-]?(?:0|[1-9](?:_?[0-9])*)(?:\.[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?$")]
    private static partial Regex Float();

    [GeneratedRegex(@"^(?:\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)?)?|\d\d:\d\d:\d\d(?:\.\d+)?)$")]
    private static partial Regex Dated();
}
