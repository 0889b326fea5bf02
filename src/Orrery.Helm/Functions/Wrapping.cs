using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>goutils.WrapCustom: line breaks at spaces, on bytes.</summary>
internal static class Wrapping
{
    public static string Wrap(string s, long width, string lineEnd, bool breakLong)
    {
        width = Math.Max(width, 1);
        lineEnd = lineEnd.Length == 0 ? "\n" : lineEnd;
        var b = new StringBuilder();
        int offset = 0;
        while (s.Length - offset > width)
        {
            if (s[offset] == ' ')
            {
                offset++;
                continue;
            }

            Templates.RenderBudget.Visit(b.Length);
            int end = (int)(width + offset) + 1;
            int space = s.LastIndexOf(' ', Math.Min(end, s.Length) - 1, Math.Min(end, s.Length) - offset);
            if (space >= offset)
            {
                b.Append(s, offset, space - offset).Append(lineEnd);
                offset = space + 1;
            }
            else if (breakLong)
            {
                b.Append(s, offset, (int)width).Append(lineEnd);
                offset += (int)width;
            }
            else
            {
                int next = s.IndexOf(' ', (int)(offset + width));
                if (next < 0)
                {
                    b.Append(s, offset, s.Length - offset);
                    return b.ToString();
                }

                b.Append(s, offset, next - offset).Append(lineEnd);
                offset = next + 1;
            }
        }

        return b.Append(s, offset, s.Length - offset).ToString();
    }
}
