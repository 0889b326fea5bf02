namespace Orrery.Commands;

/// <summary>Prints lines of cells in columns, as kubectl does: no rules, three spaces apart, never wrapped.</summary>
internal static class Columns
{
    private const int Gap = 3;

    /// <param name="lines">Each with the same number of cells, the header first.</param>
    public static void Write(TextWriter output, IReadOnlyList<string[]> lines)
    {
        int[] widths = [.. lines[0].Select((_, i) => lines.Max(l => l[i].Length))];
        foreach (string[] line in lines)
        {
            output.WriteLine(string.Concat(line.Select((cell, i) => cell.PadRight(widths[i] + Gap))).TrimEnd());
        }
    }
}
