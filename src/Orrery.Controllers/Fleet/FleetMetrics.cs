using System.Diagnostics.Metrics;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Fleet;

/// <summary>
/// What stands in the fleet, for whoever listens to the meter of this name. Single tenants and data planes are told of up to a number, the largest or those that
/// are not well, and the others together: there is a bound to the series however many there are.
/// </summary>
internal sealed class FleetMetrics : IDisposable
{
    public const string SourceName = "Orrery.Fleet";

    internal const int MostTenants = 100;
    internal const int MostDataPlanes = 200;
    private const string Others = "others";

    private readonly ControllerContext context;
    private readonly Meter source;

    public FleetMetrics(ControllerContext context)
    {
        this.context = context;
        source = new Meter(SourceName, version: null, tags: null, scope: context);
        Informer dataPlanes = context.RootInformers.For(OrreryResources.DataPlanes);
        Informer tenants = context.RootInformers.For(OrreryResources.Tenants);
        source.CreateObservableGauge("orrery_data_plane_ready", () => Bounded(
            // Those that are not well first: the others together are well when all of them are.
            dataPlanes.All().Select(d => (d.Name, Value: Conditions.IsTrue(d, OrreryNames.ReadyCondition) ? 1.0 : 0)).OrderBy(d => d.Value), MostDataPlanes, "data_plane", rest => rest.Min()),
            description: "1 where the data plane reports and is well.");
        source.CreateObservableGauge("orrery_data_plane_tenants", () => Bounded(
            dataPlanes.All().Select(d => (d.Name, Value: (double)(d.At("status", "tenants")?.GetArrayLength() ?? 0))).OrderByDescending(d => d.Value), MostDataPlanes, "data_plane", rest => rest.Sum()),
            description: "Tenants that use the data plane.");
        source.CreateObservableGauge("orrery_data_planes_ready", () => dataPlanes.All().GroupBy(d => Conditions.Find(d, OrreryNames.ReadyCondition)?.Status ?? Conditions.Unknown).Select(g =>
            new Measurement<int>(g.Count(), Tag("status", g.Key))), description: "Data planes by their condition Ready.");
        source.CreateObservableGauge("orrery_works", () => context.Works.Informer.Count, description: "Objects that data planes are to apply.");
        foreach (string type in (ReadOnlySpan<string>)[OrreryNames.ReadyCondition, OrreryNames.IsolatedCondition, OrreryNames.SuspendedCondition])
        {
            source.CreateObservableGauge($"orrery_tenants_{type.ToLowerInvariant()}", () => tenants.All().GroupBy(t => Conditions.Find(t, type)?.Status ?? Conditions.Unknown).Select(g =>
                new Measurement<int>(g.Count(), Tag("status", g.Key))), description: $"Tenants by their condition {type}.");
        }

        source.CreateObservableGauge("orrery_tenant_requested", () => PerTenant("requested"), description: "What a tenant's pods ask for over all data planes: cores, bytes, pods.");
        source.CreateObservableGauge("orrery_tenant_used", () => PerTenant("used"), description: "What a tenant's pods were measured to use over all data planes.");
    }

    public void Dispose() => source.Dispose();

    private IEnumerable<Measurement<double>> PerTenant(string part)
    {
        var sums = new Dictionary<(string Tenant, string Resource), double>();
        foreach (KubeObject tenancy in context.RootInformers.For(OrreryResources.Tenancies).All())
        {
            foreach ((string resource, Quantity amount) in KindJson.Quantities(tenancy.At("status", "usage", part)))
            {
                (string, string) key = (tenancy.Name, resource);
                sums[key] = sums.GetValueOrDefault(key) + (amount.IsWhole ? amount.Value : amount.MilliValue / 1000.0);
            }
        }

        return sums.GroupBy(s => s.Key.Resource).SelectMany(resource => Bounded(
            resource.Select(s => (s.Key.Tenant, s.Value)).OrderByDescending(s => s.Value), MostTenants, "tenant", rest => rest.Sum(), Tag("resource", resource.Key)));
    }

    /// <summary>The first of them by name, the others as one.</summary>
    private static IEnumerable<Measurement<double>> Bounded(
        IOrderedEnumerable<(string Name, double Value)> parts, int most, string label, Func<IEnumerable<double>, double> together, params KeyValuePair<string, object?>[] tags)
    {
        (string Name, double Value)[] ordered = [.. parts.ThenBy(p => p.Name, StringComparer.Ordinal)];
        foreach ((string name, double value) in ordered.Take(most))
        {
            yield return new Measurement<double>(value, [Tag(label, name), .. tags]);
        }

        if (ordered.Length > most)
        {
            yield return new Measurement<double>(together(ordered.Skip(most).Select(p => p.Value)), [Tag(label, Others), .. tags]);
        }
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
