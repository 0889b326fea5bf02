using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Bench;

/// <summary>Times in milliseconds, one per change.</summary>
/// <param name="PerDataPlane">From acknowledged to present, for each data plane by name.</param>
/// <param name="All">From acknowledged to present in the last data plane.</param>
internal sealed record PropagateResult(IReadOnlyDictionary<string, double[]> PerDataPlane, double[] All)
{
    public static double Percentile(double[] values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
    }

    public void Write(TextWriter output, bool json)
    {
        if (json)
        {
            var rows = new JsonObject();
            foreach ((string name, double[] values) in Rows())
            {
                rows[name] = new JsonObject
                {
                    ["p50Ms"] = Math.Round(Percentile(values, 0.5), 2),
                    ["p99Ms"] = Math.Round(Percentile(values, 0.99), 2),
                    ["maxMs"] = Math.Round(values.Max(), 2),
                };
            }

            output.WriteLine(new JsonObject { ["changes"] = All.Length, ["machine"] = Machine.Describe(), ["latency"] = rows }.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
            return;
        }

        output.WriteLine($"{All.Length} changes, {Machine.Describe()}");
        output.WriteLine($"{"acknowledged -> present in",-28}{"p50 ms",10}{"p99 ms",10}{"max ms",10}");
        foreach ((string name, double[] values) in Rows())
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-28}{Percentile(values, 0.5),10:0.0}{Percentile(values, 0.99),10:0.0}{values.Max(),10:0.0}"));
        }
    }

    private IEnumerable<(string Name, double[] Values)> Rows() =>
        PerDataPlane.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => (p.Key, p.Value)).Append(("all of them", All));
}
