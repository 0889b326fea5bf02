using System.Text.Json;

namespace Orrery.Machinery.Tables;

/// <summary>Simple kinds of the core group.</summary>
internal static class CorePrinters
{
    public static readonly TablePrinter ConfigMap = new(
        [Columns.Name, Columns.Text("Data", "How many entries there are."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Number(Formats.CountOf(o.At("data")) + Formats.CountOf(o.At("binaryData")));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter Secret = new(
        [Columns.Name, Columns.Text("Type", "What the data is for."), Columns.Text("Data", "How many entries there are."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("type"));
            cells.Number(Formats.CountOf(o.At("data")));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter Namespace = new(
        [Columns.Name, Columns.Text("Status", "Phase of the namespace's life."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("status", "phase"));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter ServiceAccount = new(
        [Columns.Name, Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter PodTemplate = new(
        [Columns.Name, Columns.Text("Containers", "Names of the containers."), Columns.Text("Images", "Images of the containers."), Columns.Text("Pod Labels", "Labels of pods made from the template.")],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(Formats.Containers(o.At("template", "spec")));
            cells.Text(Formats.Images(o.At("template", "spec")));
            cells.Text(Formats.Labels(o.At("template", "metadata", "labels")));
        });

    public static readonly TablePrinter ResourceQuota = new(
        [Columns.Name, Columns.Text("Request", "Used and allowed of what is requested or counted."), Columns.Text("Limit", "Used and allowed of what is limited."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            var requests = new List<string>();
            var limits = new List<string>();
            // What is in force: a quota that was not counted yet has nothing to show.
            if (o.At("status", "hard") is { ValueKind: JsonValueKind.Object } hard)
            {
                foreach (JsonProperty amount in hard.EnumerateObject().OrderBy(a => a.Name, StringComparer.Ordinal))
                {
                    string used = o.TextAt("status", "used", amount.Name) ?? "0";
                    (amount.Name.StartsWith("limits.", StringComparison.Ordinal) ? limits : requests).Add($"{amount.Name}: {used}/{amount.Value}");
                }
            }

            cells.Text(string.Join(", ", requests));
            cells.Text(string.Join(", ", limits));
            cells.Since(o.CreationTimestamp);
        });
}
