using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>xstrings' changes of case, as Sprig uses them.</summary>
internal static class Cases
{
    private enum Word
    {
        None, Number, Upper, Alphabet, Connector, Punctuation, Unknown,
    }

    /// <summary>Go's unicode.ToLower, which knows a small letter for the dotted I where .NET's invariant culture knows none.</summary>
    private static Rune Lower(Rune r) => r.Value == 0x130 ? new Rune('i') : Rune.ToLowerInvariant(r);

    /// <summary>goutils' Uncapitalize: the first letter of every word between spaces becomes small.</summary>
    public static string Untitle(string s)
    {
        var b = new StringBuilder();
        bool start = true;
        foreach (Rune r in s.EnumerateRunes())
        {
            bool space = Rune.IsWhiteSpace(r);
            b.Append((start && !space ? Lower(r) : r).ToString());
            start = space;
        }

        return b.ToString();
    }

    public static string Swap(string s)
    {
        var b = new StringBuilder();
        foreach (Rune r in s.EnumerateRunes())
        {
            b.Append((Rune.IsUpper(r) ? Lower(r) : Rune.IsLower(r) ? Rune.ToUpperInvariant(r) : r).ToString());
        }

        return b.ToString();
    }

    private static bool IsConnector(Rune r) => r.Value is '-' or '_' || Rune.IsWhiteSpace(r);

    private static Word KindOf(Rune r) =>
        IsConnector(r) ? Word.Connector : Rune.IsPunctuation(r) ? Word.Punctuation : Rune.IsUpper(r) ? Word.Upper : Rune.IsLetter(r) ? Word.Alphabet : Rune.IsNumber(r) ? Word.Number : Word.Unknown;

    /// <summary>The words of a text: runs of one kind, but an upper-case letter starts a word of small ones (HTTPStatus is HTTP and Status).</summary>
    private static List<(Word Kind, string Text)> Split(string s)
    {
        Rune[] runes = [.. s.EnumerateRunes()];
        var words = new List<(Word, string)>();
        for (int i = 0; i < runes.Length;)
        {
            Word kind = KindOf(runes[i]);
            int end = i + 1;
            if (kind == Word.Upper && end < runes.Length && KindOf(runes[end]) == Word.Alphabet)
            {
                while (end < runes.Length && KindOf(runes[end]) == Word.Alphabet)
                {
                    end++;
                }
            }
            else
            {
                while (end < runes.Length && KindOf(runes[end]) == kind)
                {
                    end++;
                }

                end -= kind == Word.Upper && end - i > 1 && end < runes.Length && KindOf(runes[end]) == Word.Alphabet ? 1 : 0;
            }

            words.Add((kind, string.Concat(runes[i..end].Select(r => r.ToString()))));
            i = end;
        }

        return words;
    }

    /// <summary>Words in lower case with a delimiter between them: FirstName and FIRSTName give first_name.</summary>
    public static string Delimited(string s, char delimiter)
    {
        var b = new StringBuilder();
        List<(Word Kind, string Text)> words = Split(s);
        int at = 0;
        (Word Kind, string Text) Next() => at < words.Count ? words[at++] : (Word.None, "");
        (Word Kind, string Text) word = Next();
        while (at < words.Count)
        {
            if (word.Kind != Word.Connector)
            {
                Lower(b, word, delimiter);
            }

            (Word Kind, string Text) last = word;
            word = Next();
            switch (last.Kind)
            {
                case Word.Number:
                    word = Run(b, word, Next, delimiter);
                    Separate(b, word.Kind, delimiter);
                    break;
                case Word.Connector:
                    Lower(b, last, delimiter);
                    break;
                case Word.Punctuation:
                    break;
                default:
                    if (word.Kind != Word.Number)
                    {
                        Separate(b, word.Kind, delimiter);
                        break;
                    }

                    if (at == words.Count)
                    {
                        break;
                    }

                    // A number belongs to the word before it (Bld4Floor: bld4_floor), unless small letters follow (HTTP2xx: http_2xx).
                    (Word Kind, string Text) number = word;
                    word = Next();
                    if (word.Kind == Word.Alphabet)
                    {
                        b.Append(delimiter);
                        Lower(b, number, delimiter);
                        word = Run(b, word, Next, delimiter);
                    }
                    else
                    {
                        Lower(b, number, delimiter);
                    }

                    Separate(b, word.Kind, delimiter);
                    break;
            }
        }

        Lower(b, word, delimiter);
        return b.ToString();
    }

    private static (Word Kind, string Text) Run(StringBuilder b, (Word Kind, string Text) word, Func<(Word, string)> next, char delimiter)
    {
        while (word.Kind is Word.Alphabet or Word.Number)
        {
            Lower(b, word, delimiter);
            word = next();
        }

        return word;
    }

    private static void Separate(StringBuilder b, Word before, char delimiter)
    {
        if (before is not (Word.None or Word.Punctuation or Word.Connector))
        {
            b.Append(delimiter);
        }
    }

    private static void Lower(StringBuilder b, (Word Kind, string Text) word, char delimiter)
    {
        foreach (Rune r in word.Text.EnumerateRunes())
        {
            b.Append(word.Kind is not (Word.Upper or Word.Connector) ? r.ToString() : IsConnector(r) ? delimiter.ToString() : Lower(r).ToString());
        }
    }

    /// <summary>xstrings.ToPascalCase: connectors go, letters behind them grow.</summary>
    public static string Pascal(string s)
    {
        var b = new StringBuilder();
        Rune[] runes = [.. s.EnumerateRunes()];
        int i = 0;
        while (i < runes.Length && IsConnector(runes[i]))
        {
            b.Append(runes[i++].ToString());
        }

        if (i == runes.Length)
        {
            // Of nothing but connectors the last one comes twice.
            return s.Length == 0 ? s : s + runes[^1];
        }

        bool shouting = Rune.IsUpper(runes[i]);
        Rune current = Rune.ToUpperInvariant(runes[i]);
        for (i++; i < runes.Length; i++)
        {
            (Rune previous, current) = (current, runes[i]);
            if (IsConnector(current) && IsConnector(previous))
            {
                b.Append(previous.ToString());
            }
            else if (IsConnector(previous))
            {
                shouting = Rune.IsUpper(current);
                current = Rune.ToUpperInvariant(current);
            }
            else
            {
                if (shouting && Rune.IsUpper(current))
                {
                    current = Lower(current);
                }
                else
                {
                    shouting = false;
                }

                b.Append(previous.ToString());
            }
        }

        return b.Append(current.ToString()).ToString();
    }
}
