using System.Buffers;
using System.Globalization;
using System.Text;

namespace Orrery.Server.Metrics;

/// <summary>Writes the Prometheus text format 0.0.4: help and type of a family, then its samples.</summary>
internal sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly ArrayBufferWriter<byte> output = new(16 * 1024);

    public ReadOnlyMemory<byte> Written => output.WrittenMemory;

    /// <param name="type"><c>counter</c>, <c>gauge</c> or <c>histogram</c>.</param>
    public void Family(string name, string type, string help)
    {
        Text($"# HELP {name} {help}\n");
        Text($"# TYPE {name} {type}\n");
    }

    public void Sample(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        Text(name);
        Labels(labels, null);
        Number(value);
    }

    /// <summary>A family of one sample.</summary>
    public void Single(string name, string type, string help, double value)
    {
        Family(name, type, help);
        Sample(name, value);
    }

    public void Histogram(string name, Histogram histogram, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        long below = 0;
        for (int i = 0; i <= histogram.Bounds.Length; i++)
        {
            below += histogram.CountOf(i);
            Text(name);
            Text("_bucket");
            Labels(labels, i == histogram.Bounds.Length ? "+Inf" : histogram.Bounds[i].ToString("R", CultureInfo.InvariantCulture));
            Number(below);
        }

        Text(name);
        Text("_sum");
        Labels(labels, null);
        Number(histogram.SumSeconds);
        Text(name);
        Text("_count");
        Labels(labels, null);
        Number(below);
    }

    /// <summary>Text that is in this format already.</summary>
    public void Append(string text) => Text(text);

    private void Labels(ReadOnlySpan<(string Name, string Value)> labels, string? upTo)
    {
        if (labels.IsEmpty && upTo is null)
        {
            return;
        }

        char before = '{';
        foreach ((string name, string value) in labels)
        {
            Text($"{before}{name}=\"{Escape(value)}\"");
            before = ',';
        }

        if (upTo is not null)
        {
            Text($"{before}le=\"{upTo}\"");
        }

        Text("}");
    }

    private void Number(double value)
    {
        Text(" ");
        Text(value.ToString("R", CultureInfo.InvariantCulture));
        Text("\n");
    }

    private static string Escape(string value) =>
        value.AsSpan().ContainsAny('\\', '"', '\n') ? value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal) : value;

    private void Text(string text) => Encoding.UTF8.GetBytes(text, output);
}
