using System.Globalization;
using System.Text;

namespace Orrery.Commands;

/// <summary>Differences of two texts in the unified form of diff.</summary>
internal static class UnifiedDiff
{
    private const int Context = 3;

    /// <returns>Empty when both are the same.</returns>
    public static string Of(string beforeName, string afterName, string before, string after)
    {
        string[] a = Lines(before), b = Lines(after);
        List<(char Sign, string Line)> edits = Edits(a, b);
        if (edits.TrueForAll(e => e.Sign == ' '))
        {
            return "";
        }

        StringBuilder text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"--- {beforeName}\n+++ {afterName}\n");
        int at = 0, oldLine = 1, newLine = 1;
        while (at < edits.Count)
        {
            int change = edits.FindIndex(at, e => e.Sign != ' ');
            if (change < 0)
            {
                break;
            }

            // A hunk: changes that are nearer to each other than twice the context, with the context around them.
            int start = Math.Max(at, change - Context);
            (oldLine, newLine) = (oldLine + start - at, newLine + start - at);
            int last = change, next;
            while ((next = edits.FindIndex(last + 1, e => e.Sign != ' ')) >= 0 && next - last <= 2 * Context)
            {
                last = next;
            }

            int end = Math.Min(edits.Count, last + Context + 1);
            List<(char Sign, string Line)> hunk = edits[start..end];
            (int olds, int news) = (hunk.Count(e => e.Sign != '+'), hunk.Count(e => e.Sign != '-'));
            text.Append(CultureInfo.InvariantCulture, $"@@ -{Range(oldLine, olds)} +{Range(newLine, news)} @@\n");
            foreach ((char sign, string line) in hunk)
            {
                text.Append(sign).Append(line).Append('\n');
            }

            (oldLine, newLine, at) = (oldLine + olds, newLine + news, end);
        }

        return text.ToString();
    }

    private static string[] Lines(string text) => text.Length == 0 ? [] : text.TrimEnd('\n').Split('\n');

    private static string Range(int line, int count) => count == 1 ? line.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{(count == 0 ? line - 1 : line)},{count}");

    /// <summary>By the longest common subsequence of what lies between the common ends.</summary>
    private static List<(char Sign, string Line)> Edits(string[] a, string[] b)
    {
        int head = 0, tail = 0;
        while (head < a.Length && head < b.Length && a[head] == b[head])
        {
            head++;
        }

        while (tail < a.Length - head && tail < b.Length - head && a[^(tail + 1)] == b[^(tail + 1)])
        {
            tail++;
        }

        string[] x = a[head..^tail], y = b[head..^tail];
        var common = new int[x.Length + 1, y.Length + 1];
        for (int i = x.Length - 1; i >= 0; i--)
        {
            for (int j = y.Length - 1; j >= 0; j--)
            {
                common[i, j] = x[i] == y[j] ? common[i + 1, j + 1] + 1 : Math.Max(common[i + 1, j], common[i, j + 1]);
            }
        }

        List<(char, string)> edits = [.. a[..head].Select(l => (' ', l))];
        (int p, int q) = (0, 0);
        while (p < x.Length || q < y.Length)
        {
            bool same = p < x.Length && q < y.Length && x[p] == y[q];
            bool removes = !same && p < x.Length && (q == y.Length || common[p + 1, q] >= common[p, q + 1]);
            edits.Add(same ? (' ', x[p]) : removes ? ('-', x[p]) : ('+', y[q]));
            (p, q) = (same || removes ? p + 1 : p, same || !removes ? q + 1 : q);
        }

        edits.AddRange(a[^tail..].Select(l => (' ', l)));
        return edits;
    }
}
