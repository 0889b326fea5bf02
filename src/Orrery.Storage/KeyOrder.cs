namespace Orrery.Storage;

/// <summary>
/// Orders keys as the bytes of their UTF-8 form, the order of every engine. UTF-16 order differs only where a
/// surrogate meets a character at or above U+E000.
/// </summary>
public sealed class KeyOrder : IComparer<string>
{
    public static readonly KeyOrder Instance = new();

    private KeyOrder()
    {
    }

    public static int Compare(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        int at = left.CommonPrefixLength(right);
        if (at == left.Length || at == right.Length)
        {
            return left.Length - right.Length;
        }

        char l = left[at];
        char r = right[at];
        return l < '\ud800' || r < '\ud800' ? l - r : Lift(l) - Lift(r);
    }

    int IComparer<string>.Compare(string? x, string? y) => Compare(x, y);

    /// <summary>Moves surrogates above all other characters, as UTF-8 has them.</summary>
    private static int Lift(char c) => c >= '\ue000' ? c - 0x800 : c + 0x2000;
}
