using System.Globalization;

namespace Orrery.Machinery.Schemas;

/// <summary>What Go's decoder has against a text that is no JSON, in its words (<c>encoding/json</c>, scanner.go): clients show them to people.</summary>
internal ref struct JsonSyntax(ReadOnlySpan<byte> text, int maxDepth)
{
    private const string End = "unexpected end of JSON input";
    private const string Value = "looking for beginning of value";
    private const string Key = "looking for beginning of object key string";

    private readonly ReadOnlySpan<byte> text = text;
    private readonly Stack<byte> open = new();
    private int at;

    private enum Wanted
    {
        Value,
        ValueOrEnd,
        Key,
        KeyOrEnd,
        Colon,
        End,
    }

    /// <param name="maxDepth">How deep objects and lists may stand in each other.</param>
    /// <returns>Null where Go finds nothing.</returns>
    public static string? Fault(ReadOnlySpan<byte> text, int maxDepth) => new JsonSyntax(text, maxDepth).Walk();

    private string? Walk()
    {
        Wanted wanted = Wanted.Value;
        while (true)
        {
            int skip = text[at..].IndexOfAnyExcept(" \t\r\n"u8);
            if (skip < 0)
            {
                return wanted == Wanted.End && open.Count == 0 ? null : End;
            }

            at += skip;
            byte found = text[at];
            string? fault = (wanted, found) switch
            {
                (Wanted.ValueOrEnd, (byte)']') or (Wanted.KeyOrEnd, (byte)'}') => Close(ref wanted),
                (Wanted.Value or Wanted.ValueOrEnd, _) => Begin(found, ref wanted),
                (Wanted.Key or Wanted.KeyOrEnd, (byte)'"') => Text() ?? Then(Wanted.Colon, ref wanted),
                (Wanted.Key or Wanted.KeyOrEnd, _) => Invalid(found, Key),
                (Wanted.Colon, (byte)':') => Step(Wanted.Value, ref wanted),
                (Wanted.Colon, _) => Invalid(found, "after object key"),
                _ when open.Count == 0 => Invalid(found, "after top-level value"),
                (_, (byte)',') => Step(open.Peek() == '{' ? Wanted.Key : Wanted.Value, ref wanted),
                (_, (byte)'}') when open.Peek() == '{' => Close(ref wanted),
                (_, (byte)']') when open.Peek() == '[' => Close(ref wanted),
                _ => Invalid(found, open.Peek() == '{' ? "after object key:value pair" : "after array element"),
            };
            if (fault is not null)
            {
                return fault;
            }
        }
    }

    private string? Begin(byte found, ref Wanted wanted)
    {
        switch (found)
        {
            case (byte)'{' or (byte)'[' when open.Count >= maxDepth:
                return Invalid(found, "exceeded max depth");
            case (byte)'{' or (byte)'[':
                open.Push(found);
                return Step(found == '{' ? Wanted.KeyOrEnd : Wanted.ValueOrEnd, ref wanted);
            case (byte)'"':
                return Text() ?? Then(Wanted.End, ref wanted);
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                return Number() ?? Then(Wanted.End, ref wanted);
            case (byte)'t':
                return Literal("true"u8) ?? Then(Wanted.End, ref wanted);
            case (byte)'f':
                return Literal("false"u8) ?? Then(Wanted.End, ref wanted);
            case (byte)'n':
                return Literal("null"u8) ?? Then(Wanted.End, ref wanted);
            default:
                return Invalid(found, Value);
        }
    }

    private string? Close(ref Wanted wanted)
    {
        open.Pop();
        return Step(Wanted.End, ref wanted);
    }

    private string? Step(Wanted next, ref Wanted wanted)
    {
        at++;
        return Then(next, ref wanted);
    }

    private static string? Then(Wanted next, ref Wanted wanted)
    {
        wanted = next;
        return null;
    }

    private string? Text()
    {
        for (at++; at < text.Length; at++)
        {
            switch (text[at])
            {
                case (byte)'"':
                    at++;
                    return null;
                case (byte)'\\':
                    if (Escape() is { } fault)
                    {
                        return fault;
                    }

                    break;
                case < 0x20:
                    return Invalid(text[at], "in string literal");
            }
        }

        return End;
    }

    private string? Escape()
    {
        if (++at >= text.Length)
        {
            return End;
        }

        if (text[at] != 'u')
        {
            return "bfnrt\\/\""u8.Contains(text[at]) ? null : Invalid(text[at], "in string escape code");
        }

        for (int digit = 0; digit < 4; digit++)
        {
            if (++at >= text.Length)
            {
                return End;
            }

            if (!char.IsAsciiHexDigit((char)text[at]))
            {
                return Invalid(text[at], "in \\u hexadecimal character escape");
            }
        }

        return null;
    }

    private string? Number()
    {
        if (text[at] == '-' && (++at >= text.Length || !char.IsAsciiDigit((char)text[at])))
        {
            return at >= text.Length ? End : Invalid(text[at], "in numeric literal");
        }

        if (text[at++] != '0')
        {
            Digits();
        }

        if (at < text.Length && text[at] == '.')
        {
            at++;
            if (Digits() == 0)
            {
                return at >= text.Length ? End : Invalid(text[at], "after decimal point in numeric literal");
            }
        }

        if (at < text.Length && text[at] is (byte)'e' or (byte)'E')
        {
            at++;
            at += at < text.Length && text[at] is (byte)'+' or (byte)'-' ? 1 : 0;
            if (Digits() == 0)
            {
                return at >= text.Length ? End : Invalid(text[at], "in exponent of numeric literal");
            }
        }

        return null;
    }

    private int Digits()
    {
        int from = at;
        while (at < text.Length && char.IsAsciiDigit((char)text[at]))
        {
            at++;
        }

        return at - from;
    }

    private string? Literal(ReadOnlySpan<byte> word)
    {
        for (int i = 0; i < word.Length; i++, at++)
        {
            if (at >= text.Length)
            {
                return End;
            }

            if (text[at] != word[i])
            {
                return Invalid(text[at], $"in literal {System.Text.Encoding.ASCII.GetString(word)} (expecting '{(char)word[i]}')");
            }
        }

        return null;
    }

    private static string Invalid(byte found, string where) => $"invalid character {Quoted(found)} {where}";

    /// <summary>One byte as Go's decoder shows it: it looks at bytes, not at characters.</summary>
    private static string Quoted(byte found) => found switch
    {
        (byte)'\'' => "'\\''",
        (byte)'"' => "'\"'",
        (byte)'\n' => "'\\n'",
        (byte)'\r' => "'\\r'",
        (byte)'\t' => "'\\t'",
        < 0x20 or 0x7f => string.Create(CultureInfo.InvariantCulture, $"'\\x{found:x2}'"),
        >= 0x80 and < 0xa0 or 0xa0 or 0xad => string.Create(CultureInfo.InvariantCulture, $"'\\u{(int)found:x4}'"),
        _ => $"'{(char)found}'",
    };
}
