using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Usage;

/// <summary>
/// Writes down, tenant by tenant, what each asks for and uses: one TenantUsage a day, with an entry an hour. A sample stands for the time since the one
/// before it, also across a restart; where nobody looked for longer, nothing is known, and the entry says how much of its hour is covered.
/// </summary>
internal sealed class UsageController(ControllerContext context) : IController
{
    private static readonly TimeSpan Pace = TimeSpan.FromMinutes(1);

    /// <summary>Days are kept for so long; what is billed from them is billed by then.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromDays(62);

    private readonly Informer tenancies = context.RootInformers.For(OrreryResources.Tenancies);
    private readonly Informer tenants = context.RootInformers.For(OrreryResources.Tenants);
    private readonly Informer usages = context.RootInformers.For(OrreryResources.TenantUsages);
    private readonly ApiRequestCounts requests = new(context);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(tenancies.HasSynced, tenants.HasSynced, usages.HasSynced).WaitAsync(cancellationToken).ConfigureAwait(false);
        using var tick = new PeriodicTimer(Pace, context.Time);
        while (await tick.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            foreach (KubeObject tenant in tenants.All())
            {
                await TryAsync(() => SampleAsync(tenant, cancellationToken), tenant.Name).ConfigureAwait(false);
            }

            await TryAsync(() => ForgetAsync(cancellationToken), "").ConfigureAwait(false);
        }
    }

    /// <summary>Name of the TenantUsage of a day.</summary>
    public static string NameOf(string tenant, DateTimeOffset day) => $"{tenant}.{Date(day)}";

    private async Task SampleAsync(KubeObject tenant, CancellationToken cancellationToken)
    {
        DateTimeOffset now = context.Time.GetUtcNow();
        UsageSample sample = UsageSample.Of(tenancies.All().Where(t => t.Name == tenant.Name));
        RequestCount asked = await requests.SinceLastAsync(tenant.Name, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<SampledHour> hours = SampledHour.Between(SampledUntil(tenant.Name, now) ?? SampledUntil(tenant.Name, now - TimeSpan.FromDays(1)), now, Pace);
        foreach (IGrouping<DateTime, SampledHour> day in hours.GroupBy(h => h.From.UtcDateTime.Date))
        {
            // What was asked for is counted where it was noticed.
            await WriteAsync(tenant.Name, sample, [.. day], day.Contains(hours[^1]) ? asked.Requests : 0, cancellationToken).ConfigureAwait(false);
        }

        asked.IsCounted();
    }

    /// <returns>Null when that day has no sample.</returns>
    private DateTimeOffset? SampledUntil(string tenant, DateTimeOffset day) =>
        DateTimeOffset.TryParse(usages.Get(ClusterName.Root, "", NameOf(tenant, day))?.TextAt("spec", "sampled"), CultureInfo.InvariantCulture, out DateTimeOffset until) ? until : null;

    private async Task WriteAsync(string tenant, UsageSample sample, IReadOnlyList<SampledHour> hours, long asked, CancellationToken cancellationToken)
    {
        DateTimeOffset day = hours[0].From;
        string name = NameOf(tenant, day);
        KubeObject? present = usages.Get(ClusterName.Root, "", name);
        JsonObject spec = present?.ToJsonObject()["spec"]?.DeepClone() as JsonObject ?? new JsonObject { ["tenant"] = tenant, ["date"] = Date(day) };
        foreach (SampledHour hour in hours)
        {
            sample.AddTo(spec, hour.From.UtcDateTime.Hour, hour.To - hour.From, hour == hours[^1] ? asked : 0);
        }

        spec["sampled"] = Conditions.Time(hours[^1].To);
        if (present is null)
        {
            usages.Observe(await context.Root.CreateAsync(OrreryResources.TenantUsages, "", Make(name, tenant, spec), cancellationToken).ConfigureAwait(false));
        }
        else
        {
            // At the version that was read: a sample is counted once.
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = present.ResourceVersion }, ["spec"] = new JsonObject { ["hours"] = spec["hours"]!.DeepClone(), ["sampled"] = spec["sampled"]!.DeepClone() } };
            usages.Observe(await context.Root.PatchAsync(OrreryResources.TenantUsages, "", name, PatchKind.Merge, patch, cancellationToken).ConfigureAwait(false));
        }
    }

    private async Task ForgetAsync(CancellationToken cancellationToken)
    {
        string oldest = Date(context.Time.GetUtcNow() - Kept);
        foreach (KubeObject old in usages.All().Where(u => string.CompareOrdinal(u.TextAt("spec", "date") ?? oldest, oldest) < 0))
        {
            await OwnKinds.DeleteAsync(context.Root, OrreryResources.TenantUsages, old, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task TryAsync(Func<Task> step, string tenant)
    {
        try
        {
            await step().ConfigureAwait(false);
        }
        catch (Exception e) when (e is StatusException or HttpRequestException or IOException or TimeoutException)
        {
            // The next sample stands for this one's time too.
            Log.NotSampled(context.Options.Loggers.CreateLogger("Orrery.Controllers.Usage"), tenant, e.Message);
        }
    }

    private static JsonObject Make(string name, string tenant, JsonObject spec) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = "TenantUsage",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager, [OrreryNames.TenantLabel] = tenant },
        },
        ["spec"] = spec,
    };

    private static string Date(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
