using System.Text;

namespace Orrery.Helm.Go;

/// <summary>
/// Go's strings are bytes. The engine keeps a string with one char for each byte (0 to 255), so that lengths, cuts
/// and comparisons are Go's own; this turns such byte strings into text and back.
/// </summary>
internal static class Utf8
{
    public const int ErrorRune = 0xFFFD;

    /// <summary>The byte string of a text.</summary>
    public static string FromText(string text)
    {
        foreach (char c in text)
        {
            if (c > 127)
            {
                return Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));
            }
        }

        return text;
    }

    /// <summary>The text of a byte string; bytes that are no UTF-8 become U+FFFD.</summary>
    public static string ToText(string bytes)
    {
        foreach (char c in bytes)
        {
            if (c > 127)
            {
                return Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));
            }
        }

        return bytes;
    }

    public static byte[] ToBytes(string bytes) => Encoding.Latin1.GetBytes(bytes);

    public static string FromBytes(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public static string FromRune(int rune)
    {
        if (rune is >= 0 and < 128)
        {
            return ((char)rune).ToString();
        }

        return FromText((Rune.IsValid(rune) ? new Rune(rune) : Rune.ReplacementChar).ToString());
    }

    /// <summary>The rune at a place, and how many bytes it takes; (U+FFFD, 1) where there is no valid one.</summary>
    public static (int Rune, int Size) Decode(string s, int at)
    {
        if (at >= s.Length)
        {
            return (ErrorRune, 0);
        }

        int c = s[at];
        if (c < 0x80)
        {
            return (c, 1);
        }

        Span<byte> window = stackalloc byte[4];
        int n = Math.Min(4, s.Length - at);
        for (int i = 0; i < n; i++)
        {
            window[i] = (byte)s[at + i];
        }

        return Rune.DecodeFromUtf8(window[..n], out Rune rune, out int size) == System.Buffers.OperationStatus.Done ? (rune.Value, size) : (ErrorRune, 1);
    }

    public static IEnumerable<(int At, int Rune, int Size)> Runes(string s)
    {
        for (int i = 0; i < s.Length;)
        {
            (int rune, int size) = Decode(s, i);
            yield return (i, rune, size);
            i += size;
        }
    }

    public static int Count(string s) => Runes(s).Count();

    public static bool IsLetter(int rune) => Rune.IsValid(rune) && Rune.IsLetter(new Rune(rune));

    public static bool IsAlphaNumeric(int rune) =>
        rune == '_' || (Rune.IsValid(rune) && (Rune.IsLetter(new Rune(rune)) || Rune.GetUnicodeCategory(new Rune(rune)) == System.Globalization.UnicodeCategory.DecimalDigitNumber));
}
