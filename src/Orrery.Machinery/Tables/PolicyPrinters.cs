using System.Globalization;
using System.Text.Json;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Tables;

internal static class PolicyPrinters
{
    public static readonly TablePrinter PodDisruptionBudget = new(
        [
            Columns.Name, Columns.Text("Min Available", "How many pods must stay."), Columns.Text("Max Unavailable", "How many pods may go."),
            Columns.Count("Allowed Disruptions", "How many pods may go now."), Columns.Age,
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(Formats.CountOrShare(o.At("spec", "minAvailable"), "N/A"));
            cells.Text(Formats.CountOrShare(o.At("spec", "maxUnavailable"), "N/A"));
            cells.Number(o.NumberAt("status", "disruptionsAllowed"));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter HorizontalPodAutoscaler = new(
        [
            Columns.Name, Columns.Text("Reference", "What is scaled."), Columns.Text("Targets", "Each metric as it is and as it should be."), Columns.Text("MinPods", "Fewest replicas."),
            Columns.Text("MaxPods", "Most replicas."), Columns.Text("Replicas", "Replicas as last seen."), Columns.Age,
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text($"{o.TextAt("spec", "scaleTargetRef", "kind")}/{o.TextAt("spec", "scaleTargetRef", "name")}");
            cells.Text(AutoscalerMetrics.Format(o));
            cells.Text(Formats.CountOrShare(o.At("spec", "minReplicas"), "<unset>"));
            cells.Number(o.NumberAt("spec", "maxReplicas"));
            cells.Number(o.NumberAt("status", "currentReplicas"));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter Lease = new(
        [Columns.Name, Columns.Text("Holder", "Who holds the lease."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("spec", "holderIdentity"));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter RoleBinding = new(
        [
            Columns.Name, Columns.Text("Role", "Kind and name of the role."), Columns.Age, Columns.Wide("Users", "Users that get the role."),
            Columns.Wide("Groups", "Groups that get the role."), Columns.Wide("ServiceAccounts", "Service accounts that get the role."),
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text($"{o.TextAt("roleRef", "kind")}/{o.TextAt("roleRef", "name")}");
            cells.Since(o.CreationTimestamp);
            cells.Text(Subjects(o, "User"));
            cells.Text(Subjects(o, "Group"));
            cells.Text(Subjects(o, "ServiceAccount"));
        });

    public static readonly TablePrinter PriorityClass = new(
        [
            Columns.Name, Columns.Text("Value", "The priority as a number."), new("Global-Default", "boolean", Description: "Whether pods without a class get it."),
            Columns.Age, Columns.Text("PreemptionPolicy", "Whether pods of the class push others out."),
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Number(o.NumberAt("value"));
            cells.Flag(o.Json.Flag("globalDefault"));
            cells.Since(o.CreationTimestamp);
            cells.Text(o.TextAt("preemptionPolicy"));
        });

    public static readonly TablePrinter RuntimeClass = new(
        [Columns.Name, Columns.Text("Handler", "What runs the pods."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("handler"));
            cells.Since(o.CreationTimestamp);
        });

    private static string Subjects(KubeObject o, string kind) => string.Join(", ", o.Items("subjects").Where(s => s.Text("kind") == kind)
        .Select(s => kind == "ServiceAccount" ? $"{s.Text("namespace")}/{s.Text("name")}" : s.Text("name")));
}

/// <summary>Metrics of an autoscaler, each as it is and as it should be.</summary>
internal static class AutoscalerMetrics
{
    private const int Shown = 2;
    private const string Unknown = "<unknown>";

    public static string Format(KubeObject o)
    {
        (JsonElement[] wanted, JsonElement[] current) = o.ApiVersion == "autoscaling/v1" ? AutoscalerMetricForms.OfV1(o) : ([.. o.Items("spec", "metrics")], [.. o.Items("status", "currentMetrics")]);
        string[] texts = [.. wanted.Select((spec, i) => One(spec, i < current.Length ? current[i] : null))];
        return texts.Length == 0 ? Formats.None : texts.Length > Shown ? $"{string.Join(", ", texts.Take(Shown))} + {texts.Length - Shown} more..." : string.Join(", ", texts);
    }

    private static string One(JsonElement spec, JsonElement? status)
    {
        string type = spec.Text("type");
        if (type.Length == 0)
        {
            return "<unknown type>";
        }

        string member = char.ToLowerInvariant(type[0]) + type[1..];
        JsonElement? target = spec.Member(member)?.Member("target");
        JsonElement? now = status?.Member(member)?.Member("current");
        string text = target?.Member("averageUtilization") is { } share ? $"{Percent(now?.Member("averageUtilization") is { ValueKind: JsonValueKind.Number } n ? n.GetInt64() : null)}/{Percent(share.GetInt64())}"
            : target?.Member("averageValue") is not null ? $"{Amount(now, "averageValue")}/{Amount(target, "averageValue")}{(type is "Object" or "External" ? " (avg)" : "")}"
            : $"{Amount(now, "value")}/{Amount(target, "value")}";
        return type is "Resource" or "ContainerResource" ? $"{spec.Member(member)?.Text("name")}: {text}" : text;
    }

    private static string Percent(long? value) => value is { } number ? string.Create(CultureInfo.InvariantCulture, $"{number}%") : Unknown;

    private static string Amount(JsonElement? of, string member) => of?.Text(member) is { Length: > 0 } text ? text : Unknown;
}
