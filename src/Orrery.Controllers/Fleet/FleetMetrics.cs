using System.Diagnostics.Metrics;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Fleet;

/// <summary>
/// What stands in the fleet, for whoever listens to the meter of this name. Figures of single tenants are told of the largest only, the others
/// together, so that there is a bound to the series however many tenants there are.
/// </summary>
internal sealed class FleetMetrics : IDisposable
{
    public const string SourceName = "Orrery.Fleet";

    private const int MostTenants = 100;
    private const string Others = "others";

    private readonly ControllerContext context;
    private readonly Meter source = new(SourceName);

    public FleetMetrics(ControllerContext context)
    {
        this.context = context;
        Informer dataPlanes = context.RootInformers.For(OrreryResources.DataPlanes);
        Informer tenants = context.RootInformers.For(OrreryResources.Tenants);
        source.CreateObservableGauge("orrery_data_plane_ready", () => dataPlanes.All().Select(d =>
            new Measurement<int>(Conditions.IsTrue(d, OrreryNames.ReadyCondition) ? 1 : 0, Tag("data_plane", d.Name))), description: "1 where the data plane reports and is well.");
        source.CreateObservableGauge("orrery_data_plane_tenants", () => dataPlanes.All().Select(d =>
            new Measurement<int>(d.At("status", "tenants")?.GetArrayLength() ?? 0, Tag("data_plane", d.Name))), description: "Tenants that use the data plane.");
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

        foreach (IGrouping<string, KeyValuePair<(string Tenant, string Resource), double>> resource in sums.GroupBy(s => s.Key.Resource))
        {
            KeyValuePair<(string Tenant, string Resource), double>[] ordered = [.. resource.OrderByDescending(s => s.Value).ThenBy(s => s.Key.Tenant, StringComparer.Ordinal)];
            foreach (KeyValuePair<(string Tenant, string Resource), double> one in ordered.Take(MostTenants))
            {
                yield return new Measurement<double>(one.Value, Tag("tenant", one.Key.Tenant), Tag("resource", resource.Key));
            }

            if (ordered.Length > MostTenants)
            {
                yield return new Measurement<double>(ordered.Skip(MostTenants).Sum(s => s.Value), Tag("tenant", Others), Tag("resource", resource.Key));
            }
        }
    }

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value);
}
