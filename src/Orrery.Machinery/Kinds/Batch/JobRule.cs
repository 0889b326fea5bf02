using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Batch;

internal sealed class JobRule : KindRule
{
    private const string ControllerUid = "batch.kubernetes.io/controller-uid";
    private const string JobName = "batch.kubernetes.io/job-name";

    public override bool HasStatus => true;

    public override bool CountsGeneration => true;

    public override IReadOnlyList<SelectableField>? Fields { get; } = [new("status.successful", "0") { Path = "status.succeeded" }];

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        PodTemplates.Default(spec);
        if (!spec.Has("completions") && !spec.Has("parallelism"))
        {
            spec["completions"] = 1;
        }

        spec.Fill("parallelism", 1);
        spec.Fill("backoffLimit", spec.Has("backoffLimitPerIndex") ? int.MaxValue : 6);
        if (o.Metadata.Count("labels") == 0 && spec.ObjectAt("template").ObjectAt("metadata").Child("labels") is { Count: > 0 } labels)
        {
            o.Metadata["labels"] = labels.DeepClone();
        }

        spec.FillText("completionMode", "NonIndexed");
        spec.Fill("suspend", false);
        spec.Fill("manualSelector", false);
        spec.FillText("podReplacementPolicy", spec.Has("podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
        JobSpecs.DefaultFailurePolicy(spec);
        o.ObjectAt("status");
    }

    /// <summary>Unless the author chose, a job selects its pods by its own uid. The uid must be set before.</summary>
    public override void PrepareForCreate(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        if (spec.Flag("manualSelector") || o.Uid.Length == 0)
        {
            return;
        }

        JsonObject labels = spec.ObjectAt("template").ObjectAt("metadata").ObjectAt("labels");
        labels["controller-uid"] = o.Uid;
        labels["job-name"] = o.Name;
        labels[ControllerUid] = o.Uid;
        labels[JobName] = o.Name;
        spec.ObjectAt("selector").ObjectAt("matchLabels")[ControllerUid] = o.Uid;
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        JobSpecs.Validate(spec, "spec", faults);
        if (spec.Child("selector") is not { } selector)
        {
            faults.Required("spec.selector");
            return;
        }

        Selectors.Validate(selector, "spec.selector", faults);
        if (Selectors.TryParse(selector) is { } parsed && !parsed.Matches(spec.ObjectAt("template").ObjectAt("metadata").TextMap("labels")))
        {
            faults.Invalid("spec.template.metadata.labels", spec.ObjectAt("template").ObjectAt("metadata")["labels"], "`selector` does not match template `labels`");
        }
    }

    public override void ValidateCreate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        var own = new Dictionary<string, string>(StringComparer.Ordinal) { ["controller-uid"] = o.Uid, ["job-name"] = o.Name, [ControllerUid] = o.Uid, [JobName] = o.Name };
        if (!spec.Flag("manualSelector") && spec.Child("selector") is { } selector && Selectors.TryParse(selector) is { } parsed && !parsed.Matches(own))
        {
            faults.Invalid("spec.selector", selector, "`selector` not auto-generated");
        }

        Validate(o, faults);
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        JsonObject spec = o.ObjectAt("spec");
        JsonObject before = old.ObjectAt("spec");
        bool elastic = spec.Text("completionMode") == "Indexed" && JsonFields.Same(spec["completions"], spec["parallelism"]);
        if (!elastic)
        {
            faults.MayNotChange("spec.completions", spec["completions"], before["completions"]);
        }

        faults.MayNotChange("spec.selector", spec["selector"], before["selector"]);
        if (!before.Flag("suspend"))
        {
            faults.MayNotChange("spec.template", spec["template"], before["template"]);
        }

        foreach (string member in new[] { "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy" })
        {
            faults.MayNotChange("spec." + member, spec[member], before[member]);
        }
    }
}

internal sealed class CronJobRule : KindRule
{
    public override bool HasStatus => true;

    public override bool CountsGeneration => true;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        spec.FillText("concurrencyPolicy", "Allow");
        spec.Fill("suspend", false);
        spec.Fill("successfulJobsHistoryLimit", 3);
        spec.Fill("failedJobsHistoryLimit", 1);
        JsonObject template = spec.ObjectAt("jobTemplate");
        template.ObjectAt("metadata");
        PodTemplates.Default(template.ObjectAt("spec"));
        JobSpecs.DefaultFailurePolicy(template.ObjectAt("spec"));
        o.ObjectAt("status");
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        if (spec.Text("schedule").Length == 0)
        {
            faults.Required("spec.schedule");
        }
        else
        {
            ValidateSchedule(spec.Text("schedule"), spec.Has("timeZone"), faults);
        }

        ValidateTimeZone(spec, faults);

        faults.MayNotBeNegative("spec.startingDeadlineSeconds", spec.Number("startingDeadlineSeconds"));
        faults.OneOfOrRequired("spec.concurrencyPolicy", spec.Text("concurrencyPolicy"), "Allow", "Forbid", "Replace");
        JsonObject template = spec.ObjectAt("jobTemplate").ObjectAt("spec");
        JobSpecs.Validate(template, "spec.jobTemplate.spec", faults);
        if (template.Has("selector"))
        {
            faults.Invalid("spec.jobTemplate.spec.selector", template["selector"], "`selector` will be auto-generated");
        }

        if (template.Flag("manualSelector"))
        {
            faults.NotSupported("spec.jobTemplate.spec.manualSelector", true, "nil", "false");
        }

        faults.MayNotBeNegative("spec.successfulJobsHistoryLimit", spec.Number("successfulJobsHistoryLimit"));
        faults.MayNotBeNegative("spec.failedJobsHistoryLimit", spec.Number("failedJobsHistoryLimit"));
        if (o.Name.Length > 52)
        {
            // The controller adds a time of eleven characters to name the jobs.
            faults.Invalid("metadata.name", o.Name, "must be no more than 52 characters");
        }
    }

    private static void ValidateSchedule(string schedule, bool hasZone, Faults faults)
    {
        try
        {
            CronSchedule.Parse(schedule);
        }
        catch (FormatException e)
        {
            faults.Invalid("spec.schedule", schedule, e.Message);
        }

        if (schedule.Contains("TZ", StringComparison.Ordinal))
        {
            faults.Invalid("spec.schedule", schedule, hasZone ? "cannot use both timeZone field and TZ or CRON_TZ in schedule" : "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        }
    }

    private static void ValidateTimeZone(JsonObject spec, Faults faults)
    {
        const string At = "spec.timeZone";
        if (!spec.Has("timeZone"))
        {
            return;
        }

        string zone = spec.Text("timeZone");
        if (zone.Length == 0)
        {
            faults.Invalid(At, zone, "timeZone must be nil or non-empty string");
        }
        else if (zone.Equals("Local", StringComparison.OrdinalIgnoreCase))
        {
            faults.Invalid(At, zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
        }
        else if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
        {
            faults.Invalid(At, zone, $"unknown time zone {zone}");
        }
    }
}

/// <summary>A job's spec, in a Job or in the template of a CronJob.</summary>
internal static class JobSpecs
{
    public static void DefaultFailurePolicy(JsonObject spec)
    {
        foreach (JsonObject pattern in spec.Child("podFailurePolicy")?.Items("rules").SelectMany(r => r.Items("onPodConditions")) ?? [])
        {
            pattern.FillText("status", "True");
        }
    }

    public static void Validate(JsonObject spec, string path, Faults faults)
    {
        foreach (string count in new[] { "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes" })
        {
            faults.MayNotBeNegative($"{path}.{count}", spec.Number(count));
        }

        if (spec.Has("maxFailedIndexes") && !spec.Has("backoffLimitPerIndex"))
        {
            faults.Required(path + ".backoffLimitPerIndex", "when maxFailedIndexes is specified");
        }

        if (spec.Has("managedBy"))
        {
            DomainPaths.Validate(spec.Text("managedBy"), path + ".managedBy", faults);
            if (spec.Text("managedBy").Length > 63)
            {
                faults.Add(FieldError.TooLong(path + ".managedBy", 63));
            }
        }

        ValidateIndexes(spec, path, faults);
        JobPolicies.Validate(spec, path, faults);
        TemplateValidation.Validate(spec, path + ".template", ["OnFailure", "Never"], faults);
        string restartAt = path + ".template.spec.restartPolicy";
        switch (spec.ObjectAt("template").ObjectAt("spec").Text("restartPolicy"))
        {
            case "" or "Always":
                faults.Required(restartAt, "valid values: \"OnFailure\", \"Never\"");
                break;
            case "OnFailure" when spec.Has("podFailurePolicy"):
                faults.Invalid(restartAt, "OnFailure", "only \"Never\" is supported when podFailurePolicy is specified");
                break;
            case "OnFailure" or "Never":
                break;
            case var other:
                faults.NotSupported(restartAt, other, "OnFailure", "Never");
                break;
        }
    }

    private static void ValidateIndexes(JsonObject spec, string path, Faults faults)
    {
        const int ManyCompletions = 100_000, MostParallel = 100_000, MostParallelOfMany = 10_000;
        string mode = spec.Text("completionMode");
        if (spec.Has("completionMode"))
        {
            faults.OneOf(path + ".completionMode", mode, "NonIndexed", "Indexed");
        }

        if (mode != "Indexed")
        {
            foreach (string member in new[] { "backoffLimitPerIndex", "maxFailedIndexes" })
            {
                if (mode is "" or "NonIndexed" && spec.Has(member))
                {
                    faults.Invalid($"{path}.{member}", spec[member], "requires indexed completion mode");
                }
            }

            return;
        }

        long? completions = spec.Number("completions"), failed = spec.Number("maxFailedIndexes"), parallelism = spec.Number("parallelism");
        if (completions is null)
        {
            faults.Required(path + ".completions", "when completion mode is Indexed");
        }

        if (parallelism > MostParallel)
        {
            faults.Invalid(path + ".parallelism", parallelism, $"must be less than or equal to {MostParallel} when completion mode is Indexed");
        }

        if (completions is { } total && failed > total)
        {
            faults.Invalid(path + ".maxFailedIndexes", failed, "must be less than or equal to completions");
        }

        if (completions > ManyCompletions && spec.Has("backoffLimitPerIndex"))
        {
            if (failed is null)
            {
                faults.Required(path + ".maxFailedIndexes", $"must be specified when completions is above {ManyCompletions}");
            }

            if (parallelism > MostParallelOfMany)
            {
                faults.Invalid(path + ".parallelism", parallelism, $"must be less than or equal to {MostParallelOfMany} when completions are above {ManyCompletions} and used with backoff limit per index");
            }

            if (failed > MostParallelOfMany)
            {
                faults.Invalid(path + ".maxFailedIndexes", failed, $"must be less than or equal to {MostParallelOfMany} when completions are above {ManyCompletions} and used with backoff limit per index");
            }
        }
    }
}
