using System.Text.Json;
using Orrery.Api;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Autoscaling;

/// <summary>
/// What one autoscaler wanted and did lately, and how fast it may go by its <c>spec.behavior</c> (upstream: <c>horizontal.go</c>). Held in memory alone, as there.
/// </summary>
internal sealed class ScalingPace
{
    private const int UsualDownWindow = 300;
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    private static readonly (string Type, int Value, int Seconds)[] UsualUp = [("Pods", 4, 15), ("Percent", 100, 15)];
    private static readonly (string Type, int Value, int Seconds)[] UsualDown = [("Percent", 100, 15)];

    private readonly List<(DateTimeOffset At, int Replicas)> wanted = [];
    private readonly List<(DateTimeOffset At, int Change)> done = [];

    /// <summary>What it had when it was first looked at counts as wanted, so that nothing goes before the window is over.</summary>
    public ScalingPace(int replicas, DateTimeOffset now) => wanted.Add((now, replicas));

    /// <returns>What may be done now of what the metrics want.</returns>
    public int Allow(KubeObject autoscaler, int current, int proposed, DateTimeOffset now)
    {
        wanted.RemoveAll(w => now - w.At > Kept);
        done.RemoveAll(d => now - d.At > Kept);
        wanted.Add((now, proposed));
        if (proposed > current)
        {
            int steady = Within(autoscaler.IntAt(0, "spec", "behavior", "scaleUp", "stabilizationWindowSeconds"), now).Min();
            return Math.Clamp(steady, current, Math.Max(current, Most(autoscaler, current, now)));
        }

        if (proposed < current)
        {
            int steady = Within(autoscaler.IntAt(UsualDownWindow, "spec", "behavior", "scaleDown", "stabilizationWindowSeconds"), now).Max();
            return Math.Clamp(steady, Math.Min(current, Fewest(autoscaler, current, now)), current);
        }

        return current;
    }

    public void Scaled(int from, int to, DateTimeOffset now) => done.Add((now, to - from));

    private IEnumerable<int> Within(int seconds, DateTimeOffset now) =>
        wanted.Where((w, i) => i == wanted.Count - 1 || now - w.At < TimeSpan.FromSeconds(seconds)).Select(w => w.Replicas);

    private int Most(KubeObject autoscaler, int current, DateTimeOffset now)
    {
        (string select, IReadOnlyList<(string Type, int Value, int Seconds)> policies) = Rules(autoscaler, "scaleUp", UsualUp);
        IEnumerable<int> limits = policies.Select(p => Before(p.Seconds, current, now) is var start && p.Type == "Pods" ? start + p.Value : (int)Math.Ceiling(start * (1 + (p.Value / 100.0))));
        return select switch { "Disabled" => current, "Min" => limits.Min(), _ => limits.Max() };
    }

    private int Fewest(KubeObject autoscaler, int current, DateTimeOffset now)
    {
        (string select, IReadOnlyList<(string Type, int Value, int Seconds)> policies) = Rules(autoscaler, "scaleDown", UsualDown);
        IEnumerable<int> limits = policies.Select(p => Before(p.Seconds, current, now) is var start && p.Type == "Pods" ? start - p.Value : (int)(start * (1 - (p.Value / 100.0))));
        return select switch { "Disabled" => current, "Min" => limits.Max(), _ => limits.Min() };
    }

    /// <summary>What there was when the period began.</summary>
    private int Before(int seconds, int current, DateTimeOffset now) => current - done.Where(d => now - d.At < TimeSpan.FromSeconds(seconds)).Sum(d => d.Change);

    private static (string Select, IReadOnlyList<(string Type, int Value, int Seconds)> Policies) Rules(KubeObject autoscaler, string way, (string Type, int Value, int Seconds)[] usual) => (
        autoscaler.TextAt("spec", "behavior", way, "selectPolicy") ?? "Max",
        autoscaler.At("spec", "behavior", way, "policies") is { ValueKind: JsonValueKind.Array } all && all.GetArrayLength() > 0
            ? [.. all.EnumerateArray().Select(p => (p.GetProperty("type").GetString()!, p.GetProperty("value").GetInt32(), p.GetProperty("periodSeconds").GetInt32()))]
            : usual);
}
