using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands.Objects;

namespace Orrery.Commands;

/// <summary><c>orrery top</c>: what tenants ask for and use now, and what data planes have.</summary>
internal static class TopCommand
{
    private const long Mebi = 1 << 20, Gibi = 1 << 30;

    public static Command Create() => new("top", "What is asked for and used now, by tenant or by data plane.")
    {
        Of("tenants", "What each tenant asks for and uses, over all data planes.", OrreryResources.Tenants, Tenants, TenantTable),
        Of("data-planes", "What is asked for and used in each data plane, and what it has.", OrreryResources.DataPlanes, DataPlanes, DataPlaneTable),
    };

    /// <summary>Amounts as quantities, exact.</summary>
    internal static JsonArray Tenants(IReadOnlyList<KubeObject> tenants, IReadOnlyList<KubeObject> tenancies)
    {
        ILookup<string, KubeObject> byTenant = tenancies.ToLookup(t => t.Name, StringComparer.Ordinal);
        return [.. tenants.OrderBy(t => t.Name, StringComparer.Ordinal).Select(t => (JsonNode)new JsonObject
        {
            ["name"] = t.Name,
            ["class"] = t.TextAt("spec", "class"),
            ["dataPlanes"] = byTenant[t.Name].Count(),
            ["requested"] = Sum(byTenant[t.Name], "requested"),
            ["used"] = Sum(byTenant[t.Name], "used"),
        })];
    }

    /// <inheritdoc cref="Tenants"/>
    internal static JsonArray DataPlanes(IReadOnlyList<KubeObject> dataPlanes, IReadOnlyList<KubeObject> tenancies)
    {
        ILookup<string, KubeObject> byPlane = tenancies.ToLookup(t => t.Namespace, StringComparer.Ordinal);
        return [.. dataPlanes.OrderBy(d => d.Name, StringComparer.Ordinal).Select(d => (JsonNode)new JsonObject
        {
            ["name"] = d.Name,
            ["ready"] = Conditions.Find(d, OrreryNames.ReadyCondition)?.Status ?? Conditions.Unknown,
            ["tenants"] = byPlane[OrreryNames.DataPlaneNamespace(d.Name)].Count(),
            ["requested"] = Sum(byPlane[OrreryNames.DataPlaneNamespace(d.Name)], "requested"),
            ["used"] = Sum(byPlane[OrreryNames.DataPlaneNamespace(d.Name)], "used"),
            ["allocatable"] = d.At("status", "allocatable") is { } has ? JsonNode.Parse(has.GetRawText()) : new JsonObject(),
        })];
    }

    internal static IReadOnlyList<string[]> TenantTable(JsonArray rows) =>
    [
        ["NAME", "CLASS", "DATA PLANES", "PODS", "CPU REQUESTED", "CPU USED", "MEMORY REQUESTED", "MEMORY USED", "STORAGE"],
        .. rows.OfType<JsonObject>().Select(r => (string[])
        [
            Text(r, "name"), Text(r, "class"), Text(r, "dataPlanes"), Text(r, "requested", "pods"), Text(r, "requested", "cpu"), Text(r, "used", "cpu"),
            Bytes(r, "requested", "memory"), Bytes(r, "used", "memory"), Bytes(r, "requested", "storage"),
        ]),
    ];

    internal static IReadOnlyList<string[]> DataPlaneTable(JsonArray rows) =>
    [
        ["NAME", "READY", "TENANTS", "PODS", "CPU REQUESTED", "CPU USED", "CPU TOTAL", "MEMORY REQUESTED", "MEMORY USED", "MEMORY TOTAL"],
        .. rows.OfType<JsonObject>().Select(r => (string[])
        [
            Text(r, "name"), Text(r, "ready"), Text(r, "tenants"), Text(r, "requested", "pods"), Text(r, "requested", "cpu"), Text(r, "used", "cpu"), Text(r, "allocatable", "cpu"),
            Bytes(r, "requested", "memory"), Bytes(r, "used", "memory"), Bytes(r, "allocatable", "memory"),
        ]),
    ];

    private static Command Of(
        string name, string about, GroupVersionResource resource, Func<IReadOnlyList<KubeObject>, IReadOnlyList<KubeObject>, JsonArray> rows, Func<JsonArray, IReadOnlyList<string[]>> table)
    {
        var command = new Command(name, about);
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: false);
        OutputOption output = OutputOption.AddTo(command, "table", "json", "yaml");
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient client = cluster.Connect(parsed);
            KubeList known = await client.ListAsync(resource, "", null, ct).ConfigureAwait(false);
            KubeList tenancies = await client.ListAsync(OrreryResources.Tenancies, "", null, ct).ConfigureAwait(false);
            JsonArray found = rows(known.Items, tenancies.Items);
            if (output.Of(parsed) == "table")
            {
                Columns.Write(Console.Out, table(found));
            }
            else
            {
                Console.Write(OutputOption.Text(output.Of(parsed), found));
            }
        });
        return command;
    }

    private static JsonObject Sum(IEnumerable<KubeObject> tenancies, string part)
    {
        var sums = new SortedDictionary<string, Quantity>(StringComparer.Ordinal);
        foreach ((string resource, Quantity amount) in tenancies.SelectMany(t => KindJson.Quantities(t.At("status", "usage", part))))
        {
            sums[resource] = sums.TryGetValue(resource, out Quantity known) ? known + amount : amount;
        }

        return [.. sums.Select(s => KeyValuePair.Create(s.Key, (JsonNode?)s.Value.ToString()))];
    }

    private static string Text(JsonObject row, params string[] path) =>
        path.Aggregate((JsonNode?)row, (at, step) => at?[step])?.ToString() is { Length: > 0 } text ? text : "-";

    /// <summary>In whole Gi, else in Mi, as kubectl top shows them.</summary>
    private static string Bytes(JsonObject row, params string[] path) =>
        Text(row, path) is var text && Quantity.TryParse(text, out Quantity amount) && amount.Value is var bytes && bytes >= Mebi
            ? bytes % Gibi == 0 ? string.Create(CultureInfo.InvariantCulture, $"{bytes / Gibi}Gi") : string.Create(CultureInfo.InvariantCulture, $"{(bytes + Mebi - 1) / Mebi}Mi")
            : text;
}
