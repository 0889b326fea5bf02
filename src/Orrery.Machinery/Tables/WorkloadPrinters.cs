using System.Globalization;
using Orrery.Api;

namespace Orrery.Machinery.Tables;

/// <summary>Kinds that run pods.</summary>
internal static class WorkloadPrinters
{
    /// <summary>
    /// How many replicas are wanted over all data planes, on an object of a virtual cluster: <c>spec.replicas</c> there says
    /// how many in each. READY is shown against it.
    /// </summary>
    private const string DesiredAnnotation = "orrery.dev/desired-replicas";

    public static readonly TablePrinter Deployment = new(
        [
            Columns.Name, Columns.Text("Ready", "How many pods are ready, of those wanted."), Columns.Text("Up-to-date", "How many pods are of the newest template."),
            Columns.Text("Available", "How many pods have been ready long enough."), Columns.Age, Columns.Containers, Columns.Images, Columns.Selector,
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(Ready(o));
            cells.Number(o.NumberAt("status", "updatedReplicas"));
            cells.Number(o.NumberAt("status", "availableReplicas"));
            cells.Since(o.CreationTimestamp);
            Pods(o, cells);
            cells.Text(Formats.Selector(o.At("spec", "selector")));
        });

    public static readonly TablePrinter StatefulSet = new(
        [Columns.Name, Columns.Text("Ready", "How many pods are ready, of those wanted."), Columns.Age, Columns.Containers, Columns.Images],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(Ready(o));
            cells.Since(o.CreationTimestamp);
            Pods(o, cells);
        });

    public static readonly TablePrinter ReplicaSet = Replicated(o => Formats.Selector(o.At("spec", "selector")));

    public static readonly TablePrinter ReplicationController = Replicated(o => Formats.Labels(o.At("spec", "selector")));

    public static readonly TablePrinter DaemonSet = new(
        [
            Columns.Name, Columns.Count("Desired", "How many nodes should run a pod."), Columns.Count("Current", "How many nodes run a pod."),
            Columns.Count("Ready", "How many pods are ready."), Columns.Count("Up-to-date", "How many pods are of the newest template."),
            Columns.Count("Available", "How many pods have been ready long enough."), Columns.Text("Node Selector", "Which nodes run a pod."),
            Columns.Age, Columns.Containers, Columns.Images, Columns.Selector,
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            foreach (string count in new[] { "desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable" })
            {
                cells.Number(o.NumberAt("status", count));
            }

            cells.Text(Formats.Labels(o.At("spec", "template", "spec", "nodeSelector")));
            cells.Since(o.CreationTimestamp);
            Pods(o, cells);
            cells.Text(Formats.Selector(o.At("spec", "selector")));
        });

    public static readonly TablePrinter ControllerRevision = new(
        [Columns.Name, Columns.Text("Controller", "Whose revision it is."), Columns.Text("Revision", "Number of the revision."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            string owner = o.Items("metadata", "ownerReferences").Where(r => r.Flag("controller"))
                .Select(r => $"{GroupVersionKind.From(r.Text("apiVersion"), r.Text("kind")).GroupKind.ToString().ToLowerInvariant()}/{r.Text("name")}").FirstOrDefault() ?? "";
            cells.TextOr(owner, Formats.None);
            cells.Number(o.NumberAt("revision"));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter Scale = new(
        [Columns.Name with { Format = "" }, Columns.Count("Desired", "How many replicas are wanted."), Columns.Count("Available", "How many replicas there are."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Number(o.NumberAt("spec", "replicas"));
            cells.Number(o.NumberAt("status", "replicas"));
            cells.Since(o.CreationTimestamp);
        });

    private static TablePrinter Replicated(Func<KubeObject, string> selector) => new(
        [
            Columns.Name, Columns.Count("Desired", "How many pods are wanted."), Columns.Count("Current", "How many pods there are."),
            Columns.Count("Ready", "How many pods are ready."), Columns.Age, Columns.Containers, Columns.Images, Columns.Selector,
        ],
        (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Number(Desired(o));
            cells.Number(o.NumberAt("status", "replicas"));
            cells.Number(o.NumberAt("status", "readyReplicas"));
            cells.Since(o.CreationTimestamp);
            Pods(o, cells);
            cells.Text(selector(o));
        });

    private static string Ready(KubeObject o) =>
        string.Create(CultureInfo.InvariantCulture, $"{o.NumberAt("status", "readyReplicas") ?? 0}/{Desired(o)}");

    private static long Desired(KubeObject o) => DesiredTotal(o) ?? o.NumberAt("spec", "replicas") ?? 0;

    public static long? DesiredTotal(KubeObject o) =>
        o.Annotations.TryGetValue(DesiredAnnotation, out string? text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long total)
            ? total
            : null;

    private static void Pods(KubeObject o, Cells cells)
    {
        cells.Text(Formats.Containers(o.At("spec", "template", "spec")));
        cells.Text(Formats.Images(o.At("spec", "template", "spec")));
    }
}
