using System.Globalization;

namespace Orrery.Bench;

/// <summary>One request of the quiet one.</summary>
/// <param name="Took">From when it was due.</param>
/// <param name="Used">What the server's process used meanwhile, for whomever: unlike the time, it says little of what else the machine does.</param>
internal readonly record struct Probe(TimeSpan Took, TimeSpan Used);

/// <summary>Requests of one kind, by their order.</summary>
internal sealed class Latencies(IReadOnlyCollection<Probe> probes)
{
    private readonly double[] took = [.. probes.Select(p => p.Took.TotalMilliseconds).Order()];
    private readonly double[] used = [.. probes.Select(p => p.Used.TotalMilliseconds).Order()];

    public int Count => took.Length;

    /// <summary>Milliseconds below which that share of the requests stayed.</summary>
    public double Took(double share) => At(took, share);

    public double Used(double share) => At(used, share);

    private static double At(double[] sorted, double share) => sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)];
}

/// <summary>How one flood went, for both.</summary>
/// <param name="Refused">Of the flood's requests, those sent away with 429 or cut off.</param>
internal sealed record FairnessResult(FloodKind Kind, Latencies Alone, Latencies Under, long Answered, long Refused)
{
    public double Ratio => Under.Took(0.99) / Alone.Took(0.99);

    public static void WriteHead(TextWriter output)
    {
        output.WriteLine(Machine.Describe());
        output.WriteLine($"{"a quiet virtual cluster's",-28}{"requests",10}{"p50 ms",10}{"p99 ms",10}{"max ms",10}{"server's CPU meanwhile, p50 and p99 ms",42}");
    }

    public void Write(TextWriter output)
    {
        foreach ((string name, Latencies values) in (IEnumerable<(string, Latencies)>)[("alone", Alone), (Kind + " flood", Under)])
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-28}{values.Count,10}{values.Took(0.5),10:0.0}{values.Took(0.99),10:0.0}{values.Took(1),10:0.0}{values.Used(0.5),32:0.0}{values.Used(0.99),10:0.0}"));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  p99 ratio {Ratio:0.0} (goal: 2); of the flood {Answered} were answered, {Refused} sent away"));
    }
}
