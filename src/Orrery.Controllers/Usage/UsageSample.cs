using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Usage;

/// <summary>What a tenant asks for and uses at one moment, over all data planes.</summary>
/// <param name="Requested">By resource: cpu, memory, storage, pods.</param>
internal sealed record UsageSample(IReadOnlyDictionary<string, Quantity> Requested, IReadOnlyDictionary<string, Quantity> Used)
{
    private const long SecondsAnHour = 3600;

    public static readonly UsageSample Nothing = Of([]);

    public bool IsNothing => Requested.Values.Concat(Used.Values).All(q => q == Quantity.Zero);

    /// <summary>The sum of what the data planes last reported. One that is silent still counts with its last word: what it runs goes on.</summary>
    public static UsageSample Of(IEnumerable<KubeObject> tenancies)
    {
        var requested = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        var used = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (KubeObject tenancy in tenancies)
        {
            Add(requested, KindJson.Quantities(tenancy.At("status", "usage", "requested")));
            Add(used, KindJson.Quantities(tenancy.At("status", "usage", "used")));
        }

        return new UsageSample(requested, used);
    }

    /// <summary>Adds this sample to the hour in which it falls.</summary>
    /// <param name="spec">Of a TenantUsage; changed in place.</param>
    /// <param name="covered">For how long the sample stands.</param>
    public void AddTo(JsonObject spec, int hour, TimeSpan covered)
    {
        JsonObject entry = UsageHours.Of(spec, hour);

        // An hour is full once: a clock that was set back does not make two of one.
        long known = entry.NumberAt("seconds") ?? 0;
        long seconds = Math.Min((long)Math.Round(covered.TotalSeconds), SecondsAnHour - known);
        entry["seconds"] = known + seconds;
        Accumulate(entry, "requested", Requested, seconds);
        Accumulate(entry, "used", Used, seconds);
    }

    private static void Accumulate(JsonObject entry, string name, IReadOnlyDictionary<string, Quantity> sample, long seconds)
    {
        if (sample.Count == 0)
        {
            return;
        }

        JsonObject sums = entry.ObjectAt(name);
        foreach ((string resource, Quantity amount) in sample)
        {
            Quantity before = Quantity.TryParse(sums.TextAt(resource) ?? "0", out Quantity known) ? known : Quantity.Zero;
            sums[resource] = (before + Times(amount, seconds)).ToString();
        }
    }

    /// <summary>By thousandths, of which a core is the only resource that has any. A tenant may ask for as much as a number holds; for an hour that is more.</summary>
    private static Quantity Times(Quantity amount, long seconds) => amount.IsWhole
        ? Quantity.FromWhole(amount.Value, QuantityFormat.DecimalSI) * seconds
        : Quantity.FromMilli(amount.MilliValue) * seconds;

    private static void Add(Dictionary<string, Quantity> sums, IReadOnlyDictionary<string, Quantity> more)
    {
        foreach ((string resource, Quantity amount) in more)
        {
            sums[resource] = sums.TryGetValue(resource, out Quantity sum) ? sum + amount : amount;
        }
    }
}
