using System.Globalization;
using System.Text;

namespace Orrery.Helm.Go;

// Reading: one text, with the places and words of encoding/json for what is none.
internal static partial class GoJson
{
    private const int MaxDepth = 10_000;

    /// <summary>Reads one JSON text; numbers become float64.</summary>
    /// <exception cref="GoException">It is none; the text is Go's.</exception>
    public static object? Read(string s)
    {
        object? value = Read(s, out GoException? fault);
        return fault is null ? value : throw fault;
    }

    /// <summary>Reads one JSON text; a number beyond float64 is nil and the first such is told in <paramref name="fault"/>.</summary>
    public static object? Read(string s, out GoException? fault)
    {
        var reader = new Reader(s);
        object? value = reader.Document();
        fault = reader.Fault;
        return value;
    }

    /// <summary>Reads the JSON text that a string starts with, and tells how long it is.</summary>
    public static int Prefix(string s, out object? value)
    {
        var reader = new Reader(s);
        value = reader.First();
        return reader.Fault is null ? reader.At : throw reader.Fault;
    }

    private sealed class Reader(string s)
    {
        private int i;

        public GoException? Fault { get; private set; }

        public int At => i;

        public object? First()
        {
            Spaces();
            return Value(0, "looking for beginning of value");
        }

        public object? Document()
        {
            Spaces();
            object? value = Value(0, "looking for beginning of value");
            Spaces();
            return i < s.Length ? throw Bad("after top-level value") : value;
        }

        private GoException Bad(string context)
        {
            if (i >= s.Length && !InToken(context))
            {
                return new GoException("unexpected end of JSON input");
            }

            // Go's scanner takes the end for a space, which only a token that is not over minds.
            int rune = i < s.Length ? s[i] : ' ';
            string shown = rune switch { '\'' => @"'\''", '"' => "'\"'", _ => GoQuote.QuoteRune(rune) };
            return new GoException($"invalid character {shown} {context}");
        }

        private static bool InToken(string context) => context.StartsWith("in ", StringComparison.Ordinal) || context.StartsWith("after decimal", StringComparison.Ordinal);

        private void Spaces()
        {
            while (i < s.Length && s[i] is ' ' or '\t' or '\r' or '\n')
            {
                i++;
                if (i >= s.Length)
                {
                    return;
                }
            }
        }

        private object? Value(int depth, string context)
        {
            if (depth > MaxDepth)
            {
                throw new GoException("exceeded max depth");
            }

            if (i >= s.Length)
            {
                throw Bad(context);
            }

            System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
            switch (s[i])
            {
                case '{':
                    return Object(depth);
                case '[':
                    return Array(depth);
                case '"':
                    return Text();
                case 't':
                    return Word("true", true);
                case 'f':
                    return Word("false", false);
                case 'n':
                    return Word("null", null);
                case '-' or (>= '0' and <= '9'):
                    return ReadNumber();
                default:
                    throw Bad(context);
            }
        }

        private object? Word(string word, object? value)
        {
            for (int k = 0; k < word.Length; k++, i++)
            {
                if (i >= s.Length || s[i] != word[k])
                {
                    throw Bad($"in literal {word} (expecting '{word[k]}')");
                }
            }

            return value;
        }

        private GoMap Object(int depth)
        {
            var map = new GoMap();
            i++;
            Spaces();
            if (i < s.Length && s[i] == '}')
            {
                i++;
                return map;
            }

            while (true)
            {
                Spaces();
                if (i >= s.Length || s[i] != '"')
                {
                    throw Bad("looking for beginning of object key string");
                }

                string key = Text();
                Spaces();
                if (i >= s.Length || s[i] != ':')
                {
                    throw Bad("after object key");
                }

                i++;
                Spaces();
                map[key] = Value(depth + 1, "looking for beginning of value");
                Spaces();
                if (i < s.Length && s[i] == ',')
                {
                    i++;
                    continue;
                }

                if (i < s.Length && s[i] == '}')
                {
                    i++;
                    return map;
                }

                throw Bad("after object key:value pair");
            }
        }

        private GoSlice Array(int depth)
        {
            var list = new List<object?>();
            i++;
            Spaces();
            if (i < s.Length && s[i] == ']')
            {
                i++;
                return new GoSlice(list);
            }

            while (true)
            {
                Spaces();
                list.Add(Value(depth + 1, "looking for beginning of value"));
                Spaces();
                if (i < s.Length && s[i] == ',')
                {
                    i++;
                    continue;
                }

                if (i < s.Length && s[i] == ']')
                {
                    i++;
                    return new GoSlice(list);
                }

                throw Bad("after array element");
            }
        }

        private object? ReadNumber()
        {
            int start = i;
            if (s[i] == '-')
            {
                i++;
            }

            if (i < s.Length && s[i] == '0')
            {
                i++;
            }
            else
            {
                Digits("in numeric literal");
            }

            if (i < s.Length && s[i] == '.')
            {
                i++;
                Digits("after decimal point in numeric literal");
            }

            if (i < s.Length && s[i] is 'e' or 'E')
            {
                i++;
                if (i < s.Length && s[i] is '+' or '-')
                {
                    i++;
                }

                Digits("in exponent of numeric literal");
            }

            string text = s[start..i];
            double v = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
            if (!double.IsInfinity(v))
            {
                return v;
            }

            Fault ??= new GoException($"json: cannot unmarshal number {text} into Go value of type float64");
            return null;
        }

        private void Digits(string context)
        {
            if (i >= s.Length || !char.IsAsciiDigit(s[i]))
            {
                throw Bad(context);
            }

            while (i < s.Length && char.IsAsciiDigit(s[i]))
            {
                i++;
            }
        }

        private string Text()
        {
            var b = new StringBuilder();
            i++;
            while (true)
            {
                if (i >= s.Length)
                {
                    throw Bad("");
                }

                char c = s[i];
                if (c == '"')
                {
                    i++;
                    return b.ToString();
                }

                if (c < ' ')
                {
                    throw Bad("in string literal");
                }

                if (c == '\\')
                {
                    Escape(b);
                    continue;
                }

                (int rune, int size) = Utf8.Decode(s, i);
                b.Append(rune == Utf8.ErrorRune && size == 1 ? Utf8.FromRune(rune) : s.Substring(i, size));
                i += size;
            }
        }

        private void Escape(StringBuilder b)
        {
            i++;
            int simple = i < s.Length ? "\"\\/bfnrt".IndexOf(s[i], StringComparison.Ordinal) : -1;
            if (simple >= 0)
            {
                b.Append("\"\\/\b\f\n\r\t"[simple]);
                i++;
                return;
            }

            if (i >= s.Length || s[i] != 'u')
            {
                throw Bad("in string escape code");
            }

            i++;
            int rune = Hex4();
            if (rune is >= 0xD800 and < 0xDC00 && i + 1 < s.Length && s[i] == '\\' && s[i + 1] == 'u')
            {
                int back = i;
                i += 2;
                int low = Hex4();
                if (low is >= 0xDC00 and < 0xE000)
                {
                    rune = 0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00);
                }
                else
                {
                    i = back;
                }
            }

            b.Append(Utf8.FromRune(rune));
        }

        private int Hex4()
        {
            int v = 0;
            for (int k = 0; k < 4; k++, i++)
            {
                if (i >= s.Length || !char.IsAsciiHexDigit(s[i]))
                {
                    throw Bad("in \\u hexadecimal character escape");
                }

                v = (v * 16) + Convert.ToInt32(s[i].ToString(), 16);
            }

            return v;
        }
    }
}
