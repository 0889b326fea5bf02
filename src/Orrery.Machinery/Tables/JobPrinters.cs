using System.Globalization;
using Orrery.Api;

namespace Orrery.Machinery.Tables;

internal static class JobPrinters
{
    public static readonly TablePrinter Job = new(
        [
            Columns.Name, Columns.Text("Status", "How far the job is."), Columns.Text("Completions", "How many pods succeeded, of those wanted."),
            Columns.Text("Duration", "How long the job took, or takes so far."), Columns.Age, Columns.Containers, Columns.Images, Columns.Selector,
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(Status(o));
            cells.Text(Completions(o));
            DateTimeOffset? start = o.TimeAt("status", "startTime");
            cells.Text(start is { } began ? HumanDuration.Format((o.TimeAt("status", "completionTime") ?? cells.Now) - began) : "");
            cells.Since(o.CreationTimestamp);
            cells.Text(Formats.Containers(o.At("spec", "template", "spec")));
            cells.Text(Formats.Images(o.At("spec", "template", "spec")));
            cells.Text(Formats.Selector(o.At("spec", "selector")));
        });

    public static readonly TablePrinter CronJob = new(
        [
            Columns.Name, Columns.Text("Schedule", "When jobs are made, in the form of cron."), Columns.Text("Timezone", "Time zone of the schedule."),
            new TableColumn("Suspend", "boolean", Description: "Whether no jobs are made for now."), Columns.Count("Active", "How many jobs run."),
            Columns.Text("Last Schedule", "Time since a job was last made."), Columns.Age, Columns.Containers, Columns.Images, Columns.Selector,
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("spec", "schedule"));
            cells.TextOr(o.TextAt("spec", "timeZone"), Formats.None);
            cells.Text(Formats.FlagText(o.At("spec", "suspend")));
            cells.Number(Formats.CountOf(o.At("status", "active")));
            cells.Text(o.TimeAt("status", "lastScheduleTime") is { } last ? cells.SinceText(last) : Formats.None);
            cells.Since(o.CreationTimestamp);
            cells.Text(Formats.Containers(o.At("spec", "jobTemplate", "spec", "template", "spec")));
            cells.Text(Formats.Images(o.At("spec", "jobTemplate", "spec", "template", "spec")));
            cells.Text(Formats.Selector(o.At("spec", "jobTemplate", "spec", "selector")));
        });

    private static string Status(KubeObject o)
    {
        bool Is(string condition) => o.Condition(condition) == "True";
        return Is("Complete") ? "Complete"
            : Is("Failed") ? "Failed"
            : o.IsDeleting ? "Terminating"
            : Is("Suspended") ? "Suspended"
            : Is("FailureTarget") ? "FailureTarget"
            : Is("SuccessCriteriaMet") ? "SuccessCriteriaMet"
            : "Running";
    }

    private static string Completions(KubeObject o)
    {
        long done = o.NumberAt("status", "succeeded") ?? 0;
        long abreast = o.NumberAt("spec", "parallelism") ?? 0;
        return (WorkloadPrinters.DesiredTotal(o) ?? o.NumberAt("spec", "completions")) is { } wanted ? string.Create(CultureInfo.InvariantCulture, $"{done}/{wanted}")
            : abreast > 1 ? string.Create(CultureInfo.InvariantCulture, $"{done}/1 of {abreast}")
            : string.Create(CultureInfo.InvariantCulture, $"{done}/1");
    }
}
