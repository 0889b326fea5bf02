using System.Globalization;
using System.Text;

namespace Orrery.Machinery.Cel;

internal enum TokenKind
{
    End,
    Name,
    QuotedName,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Symbol,
}

internal readonly record struct Token(TokenKind Kind, int Offset, string Text, object? Value = null);

/// <summary>Cuts an expression into tokens.</summary>
internal sealed class Lexer(string source)
{
    private static readonly string[] Symbols = ["&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "!", "?", ":", ".", ",", "(", ")", "[", "]", "{", "}"];

    private int at;

    /// <exception cref="CelCompileException">No token.</exception>
    public List<Token> Read()
    {
        var tokens = new List<Token>();
        while (SkipSpace())
        {
            tokens.Add(Next());
        }

        tokens.Add(new Token(TokenKind.End, source.Length, "<EOF>"));
        return tokens;
    }

    private bool SkipSpace()
    {
        while (at < source.Length)
        {
            if (source[at] is ' ' or '\t' or '\n' or '\r' or '\f')
            {
                at++;
            }
            else if (source.AsSpan(at).StartsWith("//", StringComparison.Ordinal))
            {
                int end = source.IndexOf('\n', at);
                at = end < 0 ? source.Length : end;
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    private Token Next()
    {
        int start = at;
        char c = source[at];
        if (char.IsAsciiDigit(c) || (c == '.' && at + 1 < source.Length && char.IsAsciiDigit(source[at + 1])))
        {
            return Number();
        }

        if (TextStart() is { } prefix)
        {
            return Text(prefix);
        }

        if (char.IsAsciiLetter(c) || c == '_')
        {
            while (at < source.Length && (char.IsAsciiLetterOrDigit(source[at]) || source[at] == '_'))
            {
                at++;
            }

            return new Token(TokenKind.Name, start, source[start..at]);
        }

        if (c == '`' && source.IndexOf('`', at + 1) is > 0 and int close)
        {
            at = close + 1;
            return new Token(TokenKind.QuotedName, start, source[(start + 1)..close]);
        }

        foreach (string symbol in Symbols)
        {
            if (source.AsSpan(at).StartsWith(symbol, StringComparison.Ordinal))
            {
                at += symbol.Length;
                return new Token(TokenKind.Symbol, start, symbol);
            }
        }

        throw Fault(start, $"Syntax error: token recognition error at: '{c}'");
    }

    private Token Number()
    {
        int start = at;
        if (source.AsSpan(at).StartsWith("0x", StringComparison.Ordinal))
        {
            at += 2;
            Digits(char.IsAsciiHexDigit);
            bool unsignedHex = Suffix();
            string hex = source[(start + 2)..(unsignedHex ? at - 1 : at)];
            return ulong.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong wide)
                ? unsignedHex ? new Token(TokenKind.Uint, start, hex, wide) : new Token(TokenKind.Int, start, hex, wide)
                : throw Fault(start, unsignedHex ? "invalid uint literal" : "invalid int literal");
        }

        Digits(char.IsAsciiDigit);
        bool isDouble = false;
        if (at + 1 < source.Length && source[at] == '.' && char.IsAsciiDigit(source[at + 1]))
        {
            isDouble = true;
            at++;
            Digits(char.IsAsciiDigit);
        }

        if (at < source.Length && source[at] is 'e' or 'E')
        {
            int digits = at + 1 < source.Length && source[at + 1] is '+' or '-' ? at + 2 : at + 1;
            if (digits < source.Length && char.IsAsciiDigit(source[digits]))
            {
                isDouble = true;
                at = digits;
                Digits(char.IsAsciiDigit);
            }
        }

        string text = source[start..at];
        if (isDouble)
        {
            return new Token(TokenKind.Double, start, text, double.Parse(text, CultureInfo.InvariantCulture));
        }

        bool isUnsigned = Suffix();
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value)
            ? new Token(isUnsigned ? TokenKind.Uint : TokenKind.Int, start, text, value)
            : throw Fault(start, isUnsigned ? "invalid uint literal" : "invalid int literal");
    }

    private void Digits(Func<char, bool> isDigit)
    {
        while (at < source.Length && isDigit(source[at]))
        {
            at++;
        }
    }

    private bool Suffix()
    {
        if (at < source.Length && source[at] is 'u' or 'U')
        {
            at++;
            return true;
        }

        return false;
    }

    /// <summary>The letters before a quote, when a text begins here.</summary>
    private string? TextStart()
    {
        int quote = at;
        while (quote < source.Length && quote - at < 2 && source[quote] is 'r' or 'R' or 'b' or 'B')
        {
            quote++;
        }

        string prefix = source[at..quote].ToLowerInvariant();
        return quote < source.Length && source[quote] is '"' or '\'' && prefix is "" or "r" or "b" or "rb" or "br" ? prefix : null;
    }

    private Token Text(string prefix)
    {
        int start = at;
        bool raw = prefix.Contains('r', StringComparison.Ordinal), bytes = prefix.Contains('b', StringComparison.Ordinal);
        at += prefix.Length;
        char quote = source[at];
        string close = source.AsSpan(at).StartsWith(new string(quote, 3), StringComparison.Ordinal) ? new string(quote, 3) : quote.ToString();
        at += close.Length;
        var text = new StringBuilder();
        using var octets = new MemoryStream();
        while (!source.AsSpan(at).StartsWith(close, StringComparison.Ordinal))
        {
            if (at >= source.Length || (close.Length == 1 && source[at] is '\n' or '\r'))
            {
                throw Fault(start, $"Syntax error: token recognition error at: '{source[start..at]}'");
            }

            if (source[at] == '\\' && !raw)
            {
                Escape(bytes, text, octets);
            }
            else if (source[at] == '\r' && at + 1 < source.Length && source[at + 1] == '\n')
            {
                // Lines end in one character, however the source was saved.
                at++;
            }
            else
            {
                int length = char.IsHighSurrogate(source[at]) && at + 1 < source.Length ? 2 : 1;
                string plain = source.Substring(at, length);
                text.Append(plain);
                octets.Write(Encoding.UTF8.GetBytes(plain));
                at += length;
                if (raw && plain == "\\" && at < source.Length && source[at] == quote && close.Length == 1)
                {
                    // A raw text cannot hold its quote; the backslash stands for itself.
                    continue;
                }
            }
        }

        at += close.Length;
        return bytes ? new Token(TokenKind.Bytes, start, "", octets.ToArray()) : new Token(TokenKind.String, start, "", text.ToString());
    }

    private void Escape(bool bytes, StringBuilder text, MemoryStream octets)
    {
        int start = at++;
        char c = at < source.Length ? source[at++] : '\0';
        int value = c switch
        {
            'a' => 7, 'b' => 8, 'f' => 12, 'n' => 10, 'r' => 13, 't' => 9, 'v' => 11,
            '\\' or '\'' or '"' or '`' or '?' => c,
            'x' or 'X' => Coded(2, 16),
            'u' when !bytes => Coded(4, 16),
            'U' when !bytes => Coded(8, 16),
            >= '0' and <= '3' => CodedFrom(at - 1, 3, 8),
            _ => -1,
        };
        if (value < 0 || (bytes ? value > 255 : !Rune.IsValid(value)))
        {
            throw Fault(start, "Syntax error: invalid escape sequence");
        }

        if (bytes)
        {
            octets.WriteByte((byte)value);
        }
        else
        {
            text.Append(new Rune(value).ToString());
        }
    }

    private int Coded(int length, int radix) => CodedFrom(at, length, radix);

    private int CodedFrom(int from, int length, int radix)
    {
        long value = 0;
        if (from + length > source.Length)
        {
            return -1;
        }

        foreach (char c in source.AsSpan(from, length))
        {
            if (!char.IsAsciiHexDigit(c) || Convert.ToInt32(c.ToString(), 16) >= radix)
            {
                return -1;
            }

            value = (value * radix) + Convert.ToInt32(c.ToString(), 16);
        }

        at = from + length;
        return value > int.MaxValue ? -1 : (int)value;
    }

    private CelCompileException Fault(int offset, string message) => new(source, [new CelIssue(offset, message)]);
}
