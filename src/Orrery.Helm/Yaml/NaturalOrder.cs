using Orrery.Helm.Go;

namespace Orrery.Helm.Yaml;

/// <summary>The order of keys in go-yaml v2: letters before digits' runs, runs of digits by their number (a9 before a10).</summary>
internal sealed class NaturalOrder : IComparer<string>
{
    public static readonly NaturalOrder Instance = new();

    public int Compare(string? x, string? y) => x == y ? 0 : Less(Runes(x!), Runes(y!)) ? -1 : 1;

    private static int[] Runes(string s) => [.. Utf8.Runes(s).Select(r => r.Rune)];

    private static bool IsDigit(int rune) => System.Text.Rune.IsValid(rune) && System.Text.Rune.IsDigit(new System.Text.Rune(rune));

    private static bool Less(int[] a, int[] b)
    {
        bool digits = false;
        for (int i = 0; i < a.Length && i < b.Length; i++)
        {
            if (a[i] == b[i])
            {
                digits = IsDigit(a[i]);
                continue;
            }

            bool al = Utf8.IsLetter(a[i]);
            bool bl = Utf8.IsLetter(b[i]);
            if (al && bl)
            {
                return a[i] < b[i];
            }

            if (al || bl)
            {
                return digits ? al : bl;
            }

            return LessByNumber(a, b, i);
        }

        return a.Length < b.Length;
    }

    private static bool LessByNumber(int[] a, int[] b, int i)
    {
        long an = 0;
        long bn = 0;
        if (a[i] == '0' || b[i] == '0')
        {
            for (int j = i - 1; j >= 0 && IsDigit(a[j]); j--)
            {
                if (a[j] != '0')
                {
                    an = bn = 1;
                    break;
                }
            }
        }

        int ai = i;
        for (; ai < a.Length && IsDigit(a[ai]); ai++)
        {
            an = unchecked((an * 10) + a[ai] - '0');
        }

        int bi = i;
        for (; bi < b.Length && IsDigit(b[bi]); bi++)
        {
            bn = unchecked((bn * 10) + b[bi] - '0');
        }

        return an != bn ? an < bn : ai != bi ? ai < bi : a[i] < b[i];
    }
}
