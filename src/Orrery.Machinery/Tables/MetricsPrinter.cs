using System.Text.Json;
using Orrery.Api;

namespace Orrery.Machinery.Tables;

/// <summary>Figures of <c>metrics.k8s.io</c>, by the columns of a metrics server: a pod's are those of its containers together.</summary>
internal static class MetricsPrinter
{
    public static readonly TablePrinter Instance = new(
        [Columns.Name, Figure("cpu"), Figure("memory"), new("Window", Format: "duration", Description: "Over which time it was measured.")],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(Sum(o, "cpu"));
            cells.Text(Sum(o, "memory"));
            cells.Text(o.TextAt("window"));
        });

    private static TableColumn Figure(string resource) => new(resource, Format: "quantity", Description: $"How much {resource} is used.");

    private static string Sum(KubeObject o, string resource)
    {
        IEnumerable<JsonElement> parts = o.At("containers") is null ? [o.Json] : o.Items("containers");
        return parts.Aggregate(Quantity.Zero, (sum, part) => Quantity.TryParse(part.Member("usage")?.Text(resource) ?? "", out Quantity used) ? sum + used : sum).ToString();
    }
}
