namespace Orrery.Helm.Charts;

/// <summary>A file of a chart: its path with '/', relative to the chart, and its content as a byte string.</summary>
internal sealed record ChartFile(string Path, string Content)
{
    private const string ByteOrderMark = "\xEF\xBB\xBF";

    /// <summary>A file as loaded: without the mark that some editors put first.</summary>
    public static ChartFile Of(string path, string content) =>
        new(path, content.StartsWith(ByteOrderMark, StringComparison.Ordinal) ? content[ByteOrderMark.Length..] : content);
}
