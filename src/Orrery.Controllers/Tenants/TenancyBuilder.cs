using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Tenants;

/// <summary>Makes the Tenancy by which a data plane is told how to hold a tenant apart. Pure.</summary>
internal static class TenancyBuilder
{
    /// <summary>In a host of a class: the tenant's name.</summary>
    private const string TenantPlace = "{tenant}";

    /// <param name="classes">All there are: pods tolerate the taints of every class's pools, so that a change of plan changes no pod.</param>
    /// <param name="quota">This data plane's part of what the class allows.</param>
    public static JsonObject Build(Tenant tenant, TenantClass size, IEnumerable<TenantClass> classes, IReadOnlyDictionary<string, Quantity> quota, DataPlane dataPlane) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = "Tenancy",
        ["metadata"] = new JsonObject
        {
            ["name"] = tenant.Name,
            ["namespace"] = dataPlane.Namespace,
            ["labels"] = new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager, [OrreryNames.TenantLabel] = tenant.Name },
        },
        ["spec"] = new Tenancy(tenant.Name)
        {
            Class = size.Name,
            Suspended = tenant.Suspended,
            PodSecurity = tenant.PodSecurity,
            IsolatesNetwork = tenant.IsolatesNetwork,
            AllowedNamespaces = tenant.AllowedNamespaces,
            Quota = quota,
            Limits = size.Limits,
            Defaults = size.Defaults,
            ClusterKinds = size.ClusterKinds,

            // Where others run beside it, pods of a higher class would drive theirs out.
            PriorityClasses = size.PriorityClasses ?? (dataPlane.IsOneTenants ? null : []),
            IngressHosts = size.IngressHosts is { } hosts ? [.. hosts.Select(h => h.Replace(TenantPlace, tenant.Name, StringComparison.Ordinal))] : null,
            IngressClasses = size.IngressClasses,
            Machines = tenant.IsolatesMachines ? new TenancyMachines(size.Strict, size.Pools, Tolerations(classes)) : null,
        }.ToJson(),
    };

    /// <summary>
    /// Each data plane may use what it uses already and what nobody uses yet: the shares follow the use, and only two data planes that grow
    /// in the same moment can pass the whole, by what is free then.
    /// </summary>
    /// <param name="used">By data plane, as last reported.</param>
    public static IReadOnlyDictionary<string, Quantity> Share(
        IReadOnlyDictionary<string, Quantity> whole, IReadOnlyDictionary<string, IReadOnlyDictionary<string, Quantity>> used, string dataPlane)
    {
        var share = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach ((string resource, Quantity hard) in whole.Where(q => !CountsOurs(q.Key)))
        {
            Quantity elsewhere = used.Where(u => u.Key != dataPlane).Aggregate(Quantity.Zero, (sum, u) => u.Value.TryGetValue(resource, out Quantity q) ? sum + q : sum);
            share[resource] = elsewhere >= hard ? Least(hard, used.GetValueOrDefault(dataPlane)?.GetValueOrDefault(resource) ?? Quantity.Zero) : hard - elsewhere;
        }

        return share;
    }

    /// <summary>Numbers of our own kinds are bounded in the root cluster, where they are.</summary>
    private static bool CountsOurs(string resource) => resource.StartsWith("count/", StringComparison.Ordinal) && resource.EndsWith("." + OrreryResources.Group, StringComparison.Ordinal);

    private static Quantity Least(Quantity a, Quantity b) => a < b ? a : b;

    private static JsonArray Tolerations(IEnumerable<TenantClass> classes) =>
        [.. classes.SelectMany(c => c.Pools).SelectMany(p => p.Taints).Distinct()
            .OrderBy(t => t.Key, StringComparer.Ordinal).ThenBy(t => t.Value, StringComparer.Ordinal).ThenBy(t => t.Effect, StringComparer.Ordinal)
            .Select(t => (JsonNode)t.ToToleration())];
}
