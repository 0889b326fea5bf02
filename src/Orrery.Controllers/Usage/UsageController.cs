using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Usage;

/// <summary>
/// Writes down, tenant by tenant, what each asks for and uses: one TenantUsage a day, with an entry an hour. A sample stands for the time since the one
/// before it, also across a restart; where nobody looked for longer, nothing is known, and the entry says how much of its hour is covered. Requests are told by
/// the servers that took them, and summed here.
/// </summary>
internal sealed class UsageController(ControllerContext context) : IController
{
    private static readonly TimeSpan Pace = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan QuietPace = TimeSpan.FromHours(1);

    /// <summary>Days are kept for so long; what is billed from them is billed by then.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(62);

    private readonly Informer tenancies = context.RootInformers.For(OrreryResources.Tenancies);
    private readonly Informer tenants = context.RootInformers.For(OrreryResources.Tenants);
    private readonly Informer usages = context.RootInformers.For(OrreryResources.TenantUsages);

    /// <summary>By tenant: for how long it was seen to use nothing since what is written. Lost with the process, which then knows less, and nothing wrong.</summary>
    private readonly Dictionary<string, (DateTimeOffset From, DateTimeOffset To)> quiet = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(tenancies.HasSynced, tenants.HasSynced, usages.HasSynced).WaitAsync(cancellationToken).ConfigureAwait(false);
        using var tick = new PeriodicTimer(Pace, context.Time);
        while (await tick.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            await LookAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Takes one sample of each tenant.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        foreach (KubeObject tenant in tenants.All())
        {
            await TryAsync(() => SampleAsync(tenant, cancellationToken), tenant.Name, cancellationToken).ConfigureAwait(false);
        }

        await TryAsync(() => SettleAsync(cancellationToken), "", cancellationToken).ConfigureAwait(false);
        await TryAsync(() => ForgetAsync(cancellationToken), "", cancellationToken).ConfigureAwait(false);
    }

    private async Task SampleAsync(KubeObject tenant, CancellationToken cancellationToken)
    {
        // 1. What this sample stands for: the time since the last one, written or not.
        DateTimeOffset now = context.Time.GetUtcNow();
        UsageSample sample = UsageSample.Of(tenancies.All().Where(t => t.Name == tenant.Name));
        // Read once: what another control plane writes from here on is a conflict, and is not added to.
        KubeObject? today = usages.Get(ClusterName.Root, "", UsageDay.NameOf(tenant.Name, now));
        KubeObject? yesterday = usages.Get(ClusterName.Root, "", UsageDay.NameOf(tenant.Name, now - TimeSpan.FromDays(1)));
        DateTimeOffset? written = SampledUntil(today) ?? SampledUntil(yesterday);
        if (quiet.TryGetValue(tenant.Name, out (DateTimeOffset From, DateTimeOffset To) before) && before.From != written)
        {
            quiet.Remove(tenant.Name);
            before = default;
        }

        DateTimeOffset? last = before == default ? written : before.To;
        IReadOnlyList<SampledHour> hours = SampledHour.Between(last, now, Pace);
        if (hours.Count == 0)
        {
            return;
        }

        // 2. Whoever uses nothing costs a write an hour.
        if (sample.IsNothing && written is { } from && hours[0].From == last && now - from < QuietPace)
        {
            quiet[tenant.Name] = (from, hours[^1].To);
            return;
        }

        // 3. What was not written goes first.
        IEnumerable<(SampledHour Hour, UsageSample Sample)> parts =
            [.. before == default ? [] : SampledHour.Of(before.From, before.To).Select(h => (h, UsageSample.Nothing)), .. hours.Select(h => (h, sample))];
        foreach (IGrouping<DateTime, (SampledHour, UsageSample)> day in parts.GroupBy(p => p.Hour.From.UtcDateTime.Date))
        {
            await WriteAsync(tenant.Name, day.Key == now.UtcDateTime.Date ? today : yesterday, [.. day], cancellationToken).ConfigureAwait(false);
        }

        quiet.Remove(tenant.Name);
    }

    /// <returns>Null when that day has no sample.</returns>
    private static DateTimeOffset? SampledUntil(KubeObject? usage) =>
        DateTimeOffset.TryParse(usage?.TextAt("spec", "sampled"), CultureInfo.InvariantCulture, out DateTimeOffset until) ? until : null;

    /// <param name="present">The day as it was when its hours were worked out; null: it had none.</param>
    private async Task WriteAsync(string tenant, KubeObject? present, IReadOnlyList<(SampledHour Hour, UsageSample Sample)> parts, CancellationToken cancellationToken)
    {
        while (true)
        {
            JsonObject json = present?.ToJsonObject() ?? UsageDay.New(tenant, parts[0].Hour.From);
            JsonObject spec = json.ObjectAt("spec");
            foreach ((SampledHour hour, UsageSample sample) in parts)
            {
                sample.AddTo(spec, hour.From.UtcDateTime.Hour, hour.To - hour.From);
            }

            spec["sampled"] = Conditions.Time(parts[^1].Hour.To);
            UsageHours.SumRequests(spec);
            if (present is null)
            {
                usages.Observe(await context.Root.CreateAsync(OrreryResources.TenantUsages, "", json, cancellationToken).ConfigureAwait(false));
                return;
            }

            try
            {
                await PatchAsync(present, spec, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (StatusException e) when (e.IsConflict)
            {
                // A server told of its requests meanwhile.
                if (await FresherAsync(present, cancellationToken).ConfigureAwait(false) is not { } fresher)
                {
                    throw;
                }

                present = fresher;
            }
        }
    }

    /// <returns>The object as it is now when only requests were added since it was read; null: its hours are somebody else's by now.</returns>
    private async Task<KubeObject?> FresherAsync(KubeObject present, CancellationToken cancellationToken) =>
        await context.Root.FindAsync(OrreryResources.TenantUsages, "", present.Name, cancellationToken).ConfigureAwait(false) is { } now
        && now.TextAt("spec", "sampled") == present.TextAt("spec", "sampled") ? now : null;

    /// <summary>Sums what servers told after the last sample of a day, or of a tenant that uses nothing else.</summary>
    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        string yesterday = UsageDay.Date(context.Time.GetUtcNow() - TimeSpan.FromDays(1));
        foreach (KubeObject usage in usages.All().Where(u => u.At("spec", "requests") is not null && string.CompareOrdinal(u.TextAt("spec", "date"), yesterday) >= 0))
        {
            JsonObject spec = usage.ToJsonObject().ObjectAt("spec");
            if (UsageHours.SumRequests(spec))
            {
                await TryAsync(() => PatchAsync(usage, spec, cancellationToken), usage.TextAt("spec", "tenant") ?? "", cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>At the version that was read: a sample is counted once.</summary>
    private async Task PatchAsync(KubeObject present, JsonObject spec, CancellationToken cancellationToken)
    {
        var change = new JsonObject { ["hours"] = spec["hours"]!.DeepClone() };
        if (spec["sampled"] is { } sampled)
        {
            change["sampled"] = sampled.DeepClone();
        }

        var patch = new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = present.ResourceVersion }, ["spec"] = change };
        usages.Observe(await context.Root.PatchAsync(OrreryResources.TenantUsages, "", present.Name, PatchKind.Merge, patch, cancellationToken).ConfigureAwait(false));
    }

    private async Task ForgetAsync(CancellationToken cancellationToken)
    {
        string oldest = UsageDay.Date(context.Time.GetUtcNow() - Kept);
        foreach (KubeObject old in usages.All().Where(u => string.CompareOrdinal(u.TextAt("spec", "date") ?? oldest, oldest) < 0))
        {
            await OwnKinds.DeleteAsync(context.Root, OrreryResources.TenantUsages, old, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task TryAsync(Func<Task> step, string tenant, CancellationToken cancellationToken)
    {
        try
        {
            await step().ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The next sample stands for this one's time too. Whatever a tenant or a satellite made it stumble over is no reason for all controllers to end.
            Log.NotSampled(context.Options.Loggers.CreateLogger("Orrery.Controllers.Usage"), tenant, e.Message);
        }
    }
}
