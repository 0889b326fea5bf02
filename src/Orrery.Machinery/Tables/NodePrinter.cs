using Orrery.Api;

namespace Orrery.Machinery.Tables;

internal static class NodePrinter
{
    private const string RolePrefix = "node-role.kubernetes.io/";
    private const string RoleLabel = "kubernetes.io/role";
    private const string Unknown = "<unknown>";

    public static readonly TablePrinter Instance = new(
        [
            Columns.Name, Columns.Text("Status", "Whether the node is ready, and takes new pods."), Columns.Text("Roles", "What the node is for."), Columns.Age,
            Columns.Text("Version", "Version of its kubelet."), Columns.Wide("Internal-IP", "Address inside the cluster."), Columns.Wide("External-IP", "Address outside."),
            Columns.Wide("OS-Image", "Operating system."), Columns.Wide("Kernel-Version", "Version of the kernel."), Columns.Wide("Container-Runtime", "What runs the containers."),
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(Status(o));
            cells.TextOr(Roles(o), Formats.None);
            cells.Since(o.CreationTimestamp);
            cells.Text(o.TextAt("status", "nodeInfo", "kubeletVersion"));
            cells.TextOr(Address(o, "InternalIP"), Formats.None);
            cells.TextOr(Address(o, "ExternalIP"), Formats.None);
            cells.TextOr(o.TextAt("status", "nodeInfo", "osImage"), Unknown);
            cells.TextOr(o.TextAt("status", "nodeInfo", "kernelVersion"), Unknown);
            cells.TextOr(o.TextAt("status", "nodeInfo", "containerRuntimeVersion"), Unknown);
        });

    private static string Status(KubeObject o)
    {
        string status = o.Condition("Ready") switch { null => "Unknown", "True" => "Ready", _ => "NotReady" };
        return o.At("spec", "unschedulable") is { ValueKind: System.Text.Json.JsonValueKind.True } ? status + ",SchedulingDisabled" : status;
    }

    private static string Roles(KubeObject o) => string.Join(',', o.Labels
        .Select(l => l.Key.StartsWith(RolePrefix, StringComparison.Ordinal) ? l.Key[RolePrefix.Length..] : l.Key == RoleLabel ? l.Value : "")
        .Where(r => r.Length > 0).Distinct().Order(StringComparer.Ordinal));

    private static string? Address(KubeObject o, string type) =>
        o.Items("status", "addresses").Where(a => a.Text("type") == type).Select(a => a.Text("address")).FirstOrDefault();
}
