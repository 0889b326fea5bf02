using System.CommandLine;
using System.Globalization;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands.Objects;

namespace Orrery.Commands;

/// <summary><c>orrery top</c>: what tenants ask for and use now, and what data planes have.</summary>
internal static class TopCommand
{
    private static readonly string[] Shown = ["cpu", "memory"];

    public static Command Create()
    {
        var tenants = new Command("tenants", "What each tenant asks for and uses, over all data planes.");
        ClusterOptions ofTenants = ClusterOptions.AddTo(tenants, namespaced: false);
        tenants.SetAction(async (parse, token) =>
        {
            using KubeClient client = ofTenants.Connect(parse);
            KubeList known = await client.ListAsync(OrreryResources.Tenants, "", null, token).ConfigureAwait(false);
            KubeList tenancies = await client.ListAsync(OrreryResources.Tenancies, "", null, token).ConfigureAwait(false);
            Columns.Write(Console.Out, Tenants(known.Items, tenancies.Items));
        });
        var dataPlanes = new Command("data-planes", "What is asked for and used in each data plane, and what it has.");
        ClusterOptions ofDataPlanes = ClusterOptions.AddTo(dataPlanes, namespaced: false);
        dataPlanes.SetAction(async (parse, token) =>
        {
            using KubeClient client = ofDataPlanes.Connect(parse);
            KubeList known = await client.ListAsync(OrreryResources.DataPlanes, "", null, token).ConfigureAwait(false);
            KubeList tenancies = await client.ListAsync(OrreryResources.Tenancies, "", null, token).ConfigureAwait(false);
            Columns.Write(Console.Out, DataPlanes(known.Items, tenancies.Items));
        });
        return new Command("top", "What is asked for and used now, by tenant or by data plane.") { tenants, dataPlanes };
    }

    internal static IReadOnlyList<string[]> Tenants(IReadOnlyList<KubeObject> tenants, IReadOnlyList<KubeObject> tenancies)
    {
        ILookup<string, KubeObject> byTenant = tenancies.ToLookup(t => t.Name, StringComparer.Ordinal);
        return
        [
            ["NAME", "CLASS", "DATA PLANES", "PODS", "CPU REQUESTED", "CPU USED", "MEMORY REQUESTED", "MEMORY USED", "STORAGE"],
            .. tenants.OrderBy(t => t.Name, StringComparer.Ordinal).Select(t => (string[])
            [
                t.Name, Or(t.TextAt("spec", "class")), byTenant[t.Name].Count().ToString(CultureInfo.InvariantCulture), Sum(byTenant[t.Name], "requested", "pods"),
                .. Shown.SelectMany(r => (string[])[Sum(byTenant[t.Name], "requested", r), Sum(byTenant[t.Name], "used", r)]), Sum(byTenant[t.Name], "requested", "storage"),
            ]),
        ];
    }

    internal static IReadOnlyList<string[]> DataPlanes(IReadOnlyList<KubeObject> dataPlanes, IReadOnlyList<KubeObject> tenancies)
    {
        ILookup<string, KubeObject> byPlane = tenancies.ToLookup(t => t.Namespace, StringComparer.Ordinal);
        return
        [
            ["NAME", "READY", "TENANTS", "PODS", "CPU REQUESTED", "CPU USED", "CPU", "MEMORY REQUESTED", "MEMORY USED", "MEMORY"],
            .. dataPlanes.OrderBy(d => d.Name, StringComparer.Ordinal).Select(d => (string[])
            [
                d.Name, Conditions.Find(d, OrreryNames.ReadyCondition)?.Status ?? Conditions.Unknown,
                byPlane[OrreryNames.DataPlaneNamespace(d.Name)].Count().ToString(CultureInfo.InvariantCulture), Sum(byPlane[OrreryNames.DataPlaneNamespace(d.Name)], "requested", "pods"),
                .. Shown.SelectMany(r => (string[])
                [
                    Sum(byPlane[OrreryNames.DataPlaneNamespace(d.Name)], "requested", r), Sum(byPlane[OrreryNames.DataPlaneNamespace(d.Name)], "used", r), Or(d.TextAt("status", "allocatable", r)),
                ]),
            ]),
        ];
    }

    private static string Sum(IEnumerable<KubeObject> tenancies, string part, string resource)
    {
        Quantity? sum = null;
        foreach (KubeObject tenancy in tenancies)
        {
            if (KindJson.Quantities(tenancy.At("status", "usage", part)).TryGetValue(resource, out Quantity amount))
            {
                sum = sum is { } known ? known + amount : amount;
            }
        }

        return Or(sum?.ToString());
    }

    private static string Or(string? value) => value is { Length: > 0 } ? value : "-";
}
