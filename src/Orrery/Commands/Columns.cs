namespace Orrery.Commands;

/// <summary>Prints lines of cells in columns, as kubectl does: no rules, three spaces apart, never wrapped.</summary>
internal static class Columns
{
    private const int Gap = 3;

    /// <param name="lines">Each with the same number of cells, the header first.</param>
    /// <param name="least">Widths of columns that earlier lines had; null for the first.</param>
    /// <returns>The widths of the columns.</returns>
    public static int[] Write(TextWriter output, IReadOnlyList<string[]> lines, int[]? least = null)
    {
        int[] widths = [.. lines[0].Select((_, i) => Math.Max(lines.Max(l => l[i].Length), least is not null && i < least.Length ? least[i] : 0))];
        foreach (string[] line in lines)
        {
            output.WriteLine(string.Concat(line.Select((cell, i) => cell.PadRight(widths[i] + Gap))).TrimEnd());
        }

        return widths;
    }
}
