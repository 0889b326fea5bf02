using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Bundles;
using Orrery.Helm.Charts;

namespace Orrery.Controllers.Installations;

/// <summary>One installation in one data plane, as a look finds it.</summary>
/// <param name="Works">Of the installation in that data plane, hooks left out.</param>
/// <param name="Hooks">Works of its hooks.</param>
/// <param name="Before">What the last look left in the status.</param>
/// <param name="Replicas">Share of an object's replicas; null leaves what it says.</param>
internal sealed record PlaneLook(
    InstallationPlan Plan, DataPlane DataPlane, IReadOnlyList<KubeObject> Works, IReadOnlyList<KubeObject> Hooks, PlaneStatus Before, Func<int, int>? Replicas, string Divided)
{
    public KubeObject Installation => Plan.Installation;

    /// <summary>What of the replicas a tenant's own controllers are told; null for all.</summary>
    public ToldShare? Told { get; init; }

    /// <summary>Why what runs may not be changed now; null when it may.</summary>
    public WindowHold? Hold { get; init; }
}

/// <summary>
/// Brings one installation in one data plane a step on. What is new is rendered, then tried by the data plane, and comes into force only when
/// all of it was accepted: until then what was in force stays untouched. Every step is read off Works and status, so that any look may be
/// the first one after a crash.
/// </summary>
internal sealed class PlaneReconciler(WorkWriter writer, HookRunner hooks, BundleReader bundles, BundleRenderer renderer, IClusterFacts facts, TimeProvider time)
{
    /// <summary>On an Installation: whether it goes without running its hooks, for one whose hooks fail.</summary>
    private const string SkipHooksAnnotation = "orrery.dev/skip-hooks";

    /// <summary>Reason of an attempt that goes no further: its hook has run and failed. Other values or another release begin another.</summary>
    private const string HookFailed = "HookFailed";

    private readonly TestRunner tests = new(writer, hooks, time);

    /// <returns>What is to stand in the status from now on.</returns>
    public async Task<PlaneStatus> AdvanceAsync(PlaneLook look, CancellationToken cancellationToken)
    {
        PlaneStatus status = look.Before with { Wanted = look.Plan.WantedRelease, Namespace = look.Plan.TargetNamespace };

        // 1. Reasons to leave everything as it is.
        if (look.DataPlane.Paused)
        {
            return Counted(status, look).In(Phases.Paused, "DataPlanePaused", "what runs is left as it is");
        }

        if (look.Plan.Suspension is { } suspension)
        {
            return Counted(status, look).In(Phases.Paused, suspension.Reason, suspension.Message);
        }

        if (look.Plan.Refusal is { } refusal)
        {
            return Counted(status, look).In(status.InForce is null ? Phases.Pending : Phases.Failed, refusal.Reason, refusal.Message);
        }

        // 2. Nothing new.
        JsonObject values = InstallationPlanner.ValuesFor(look.Plan, look.DataPlane);
        string inputs = Inputs(look, values);
        if (status.Inputs == inputs && InstallationWorks.ContentInForce(look.Works) == status.Content)
        {
            return await SettledAsync(status, look, cancellationToken).ConfigureAwait(false);
        }

        // 3. Something new: begin it, or go on with it.
        Attempt? attempt = status.Attempt is { } under && under.Inputs == inputs && IsWhole(under, look) ? under : null;
        if (attempt is null)
        {
            try
            {
                attempt = await BeginAsync(look, values, inputs, cancellationToken).ConfigureAwait(false);
            }
            catch (BundleException e)
            {
                return Counted(status, look).In(Phases.Failed, e.Reason, e.Message);
            }

            return Counted(status with { Attempt = attempt }, look).In(Phases.Checking, "Checking", $"{look.DataPlane.Name} is asked whether it would take {look.Plan.WantedRelease}");
        }

        status = await StepAsync(status with { Attempt = attempt }, attempt, look, cancellationToken).ConfigureAwait(false);
        return Overdue(status, look);
    }

    /// <summary>Takes the installation out of a data plane: its hooks, its objects, its hooks again.</summary>
    /// <param name="look">The data plane may be one that leaves: then nothing waits for it.</param>
    /// <param name="isLeaving">The data plane leaves the fleet, or has left.</param>
    /// <returns>Null once nothing of it is left.</returns>
    public async Task<PlaneStatus?> RemoveAsync(PlaneLook look, bool isLeaving, CancellationToken cancellationToken)
    {
        if (look.Works.Count + look.Hooks.Count == 0)
        {
            return null;
        }

        if (look.DataPlane.Paused && !isLeaving)
        {
            return Counted(look.Before, look).In(Phases.Paused, "DataPlanePaused", "what runs is left as it is");
        }

        if (look.Plan.Suspension is { } suspension && !isLeaving && !look.Installation.IsDeleting)
        {
            return Counted(look.Before, look).In(Phases.Paused, suspension.Reason, suspension.Message);
        }

        bool skipsHooks = isLeaving || look.Before.InForce is null || look.Installation.Annotations.GetValueOrDefault(SkipHooksAnnotation) == "true";
        string id = IdInForce(look.Before);
        Attempt attempt = look.Before.Attempt is { Stage: Stages.BeforeDeletion or Stages.Deleting } under
            ? under
            : new Attempt("", look.Before.Content ?? "", look.Before.Revision, Stages.BeforeDeletion, time.GetUtcNow(), []);
        PlaneStatus status = Counted(look.Before with { Attempt = attempt, Wanted = null }, look);

        // 1. Hooks while all is still there.
        if (attempt.Stage == Stages.BeforeDeletion)
        {
            HookProgress before = skipsHooks ? new HookProgress(attempt, true, null, "") : await hooks.RunAsync(look.Hooks, "pre-delete", attempt, id, cancellationToken).ConfigureAwait(false);
            return before.IsDone
                ? (status with { Attempt = before.Attempt with { Stage = Stages.Deleting, Started = time.GetUtcNow() } }).In(Phases.Uninstalling, "Deleting", "its objects go")
                : Hooked(status with { Attempt = before.Attempt }, before, look, Phases.Uninstalling);
        }

        // 2. The objects, in Helm's order: what serves goes before what it needs.
        foreach (IEnumerable<KubeObject> alike in look.Works.Where(w => !w.IsDeleting).GroupBy(w => InstallOrder.PlaceOfLeaving(InstallationWorks.ManifestOf(w).Kind)).OrderBy(g => g.Key))
        {
            await WorkWriter.EachAsync(alike, writer.DeleteAsync, cancellationToken).ConfigureAwait(false);
        }

        if (look.Works.Count > 0)
        {
            return status.In(Phases.Uninstalling, "Deleting", $"{look.Works.Count} objects go");
        }

        // 3. Hooks behind them, and then the hooks themselves.
        HookProgress after = skipsHooks ? new HookProgress(attempt, true, null, "") : await hooks.RunAsync(look.Hooks, "post-delete", attempt, id, cancellationToken).ConfigureAwait(false);
        if (!after.IsDone)
        {
            return Hooked(status with { Attempt = after.Attempt }, after, look, Phases.Uninstalling);
        }

        await WorkWriter.EachAsync(look.Hooks, writer.DeleteAsync, cancellationToken).ConfigureAwait(false);
        return null;
    }

    /// <summary>Renders, and puts what comes out beside what is in force.</summary>
    private async Task<Attempt> BeginAsync(PlaneLook look, JsonObject values, string inputs, CancellationToken cancellationToken)
    {
        InstallationPlan plan = look.Plan;
        Bundle bundle = await bundles.ReadAsync(plan.Release!, cancellationToken).ConfigureAwait(false);
        int revision = look.Before.Revision + 1;
        RenderTarget target = await facts.TargetAsync(plan, look.DataPlane, bundle, revision, look.Before.InForce is not null, cancellationToken).ConfigureAwait(false);
        RenderedBundle rendered = await renderer.RenderAsync(
            bundle, values, plan.Overrides, target, (query, answers, token) => facts.LookUpAsync(plan, look.DataPlane, query, answers, token), cancellationToken).ConfigureAwait(false);
        InstallationTargets.Divide(rendered.Objects, look.Replicas);

        // 1. What it comes to, and under which name it goes.
        WorkNames names = writer.Names(look.Installation, look.DataPlane.Namespace);
        List<(string Name, JsonObject Object, int Place)> named = [.. rendered.Objects.Select((o, i) => (names.Of(o), o, rendered.PlaceOf(i)))];
        var wanted = named.ToDictionary(n => n.Name, n => n.Object, StringComparer.Ordinal);
        string content = InstallationWorks.Content(wanted.Select(w => (w.Key, CanonicalJson.Digest(w.Value))));
        var places = named.ToDictionary(n => n.Name, n => n.Place, StringComparer.Ordinal);
        var attempt = new Attempt(inputs, content, revision, Stages.Checking, time.GetUtcNow(), [])
        {
            Release = plan.WantedRelease,
            Kind = AttemptKinds.Of(look.Before, plan.WantedRelease, inputs),
            Lookups = rendered.Lookups,
        };

        // 2. Works to come, and those that will go.
        Dictionary<string, KubeObject> present = look.Works.ToDictionary(w => w.Name, StringComparer.Ordinal);
        await WorkWriter.EachAsync(wanted, (w, token) => TryAsync(look, w.Key, present.GetValueOrDefault(w.Key), w.Value, attempt.Id, places[w.Key], token), cancellationToken).ConfigureAwait(false);
        await WorkWriter.EachAsync(look.Works.Where(w => !wanted.ContainsKey(w.Name)), (w, token) => InstallationWorks.IsInForce(w)
            ? writer.PatchAsync(w, PatchKind.Merge, InstallationWorks.Leave(w, attempt.Id), token)
            : writer.DeleteAsync(w, token), cancellationToken).ConfigureAwait(false);

        // 3. Hooks stand ready until their time comes; those of an attempt that came to nothing go.
        HashSet<string> known = [.. look.Hooks.Select(h => h.Name)];
        List<JsonObject> ready = [.. rendered.Hooks.Select(h => InstallationWorks.Hook(look.Installation, names, plan.Tenant, look.DataPlane.Namespace, h, attempt.Id))];
        await WorkWriter.EachAsync(ready.Where(h => !known.Contains(h.Name)), (h, token) => writer.CreateAsync(look.DataPlane.Namespace, h, token), cancellationToken).ConfigureAwait(false);
        string inForce = IdInForce(look.Before);
        await WorkWriter.EachAsync(
            look.Hooks.Where(h => InstallationWorks.TrialOf(h) is { } of && of != attempt.Id && of != inForce), writer.DeleteAsync, cancellationToken).ConfigureAwait(false);
        return attempt;
    }

    private Task TryAsync(PlaneLook look, string name, KubeObject? present, JsonObject manifest, string attempt, int place, CancellationToken cancellationToken)
    {
        if (present is null)
        {
            return writer.CreateAsync(look.DataPlane.Namespace, InstallationWorks.Trial(look.Installation, name, look.Plan.Tenant, look.DataPlane.Namespace, manifest, attempt, place), cancellationToken);
        }

        bool isInForce = present.At("spec", "manifest") is { } inForce && CanonicalJson.Digest(inForce) == CanonicalJson.Digest(manifest);
        bool isBare = present.At("spec", "trial") is null && !present.Annotations.ContainsKey(InstallationWorks.LeavesAnnotation);
        return isInForce && isBare ? Task.CompletedTask
            : writer.PatchAsync(present, PatchKind.Json, isInForce ? InstallationWorks.Abandon(present) : InstallationWorks.Try(present, manifest, attempt, place), cancellationToken);
    }

    private async Task<PlaneStatus> StepAsync(PlaneStatus status, Attempt attempt, PlaneLook look, CancellationToken cancellationToken)
    {
        string moving = attempt.Kind == AttemptKind.Install ? Phases.Installing : Phases.Upgrading;
        if (look.Before is { Reason: HookFailed })
        {
            await hooks.SweepFailedAsync(look.Hooks, cancellationToken).ConfigureAwait(false);
            return Counted(status, look);
        }

        await hooks.SweepAsync(look.Hooks, attempt.Hooks, cancellationToken).ConfigureAwait(false);

        // 1. Would the data plane take it?
        if (attempt.Stage == Stages.Checking)
        {
            (bool? accepted, string message) = Trial.Of(look.Works, attempt.Id);
            if (accepted != true)
            {
                return accepted is null
                    ? Counted(status, look).In(Phases.Checking, "Checking", message)
                    : Counted(status, look).In(Phases.Failed, "Refused", $"{look.DataPlane.Name} would refuse {look.Plan.WantedRelease}: {message}");
            }

            // What is half changed, or is not as it was, is put right at any time.
            if (look.Hold is { } hold && IsUntouched(status, look))
            {
                return Counted(status, look).In(Phases.Pending, WindowHold.Reason, $"{look.DataPlane.Name} would take {look.Plan.WantedRelease}; {hold.Message}");
            }

            attempt = attempt with { Stage = Stages.Before, Started = look.Plan.Windows is null ? attempt.Started : time.GetUtcNow() };
        }

        // 2. Definitions of kinds, and then hooks before the change.
        if (attempt.Stage == Stages.Before)
        {
            if (await PromoteAsync(look, attempt.Id, place => place == 0, cancellationToken).ConfigureAwait(false) is { } defining)
            {
                return Counted(status with { Attempt = attempt }, look).In(moving, "Defining", defining);
            }

            HookProgress progress = await hooks.RunAsync(look.Hooks, $"pre-{attempt.Kind.Word()}", attempt, attempt.Id, cancellationToken).ConfigureAwait(false);
            attempt = progress.Attempt;
            if (!progress.IsDone)
            {
                return Hooked(status with { Attempt = attempt }, progress, look, moving);
            }

            attempt = attempt with { Stage = Stages.Applying };
            return Counted(status with { Attempt = attempt }, look).In(moving, "Applying", $"{look.Plan.WantedRelease} comes into force");
        }

        // 3. The change, and waiting for what it brings.
        if (attempt.Stage == Stages.Applying)
        {
            if (await PromoteAsync(look, attempt.Id, _ => true, cancellationToken).ConfigureAwait(false) is { } waiting)
            {
                return Counted(status, look).In(moving, "Applying", waiting);
            }

            List<KubeObject> staying = [.. look.Works.Where(w => !w.Annotations.ContainsKey(InstallationWorks.LeavesAnnotation))];
            if (!staying.TrueForAll(WorkReport.IsApplied))
            {
                return Counted(status, look).In(moving, "Applying", WorkReport.WhyNotReady(staying));
            }

            List<KubeObject> leaving = [.. look.Works.Except(staying)];
            await WorkWriter.EachAsync(leaving, writer.DeleteAsync, cancellationToken).ConfigureAwait(false);
            if (!staying.TrueForAll(WorkReport.IsReady))
            {
                return Counted(status, look).In(moving, "Progressing", WorkReport.WhyNotReady(staying));
            }

            attempt = attempt with { Stage = Stages.After };
        }

        // 4. Hooks after it.
        HookProgress after = await hooks.RunAsync(look.Hooks, $"post-{attempt.Kind.Word()}", attempt, attempt.Id, cancellationToken).ConfigureAwait(false);
        if (!after.IsDone)
        {
            return Hooked(status with { Attempt = after.Attempt }, after, look, moving);
        }

        // 5. In force.
        await hooks.SweepAsync(look.Hooks, after.Attempt.Hooks, cancellationToken).ConfigureAwait(false);
        return Counted(
            status with
            {
                Attempt = null,
                InForce = look.Plan.WantedRelease,
                Inputs = attempt.Inputs,
                Content = attempt.Content,
                Revision = attempt.Revision,
                Releases = AttemptKinds.With(status, look.Plan.WantedRelease),
            },
            look).In(Phases.Running, attempt.Kind.Done(), $"{look.Plan.WantedRelease} runs");
    }

    /// <summary>Brings what was tried into force, as Helm does: one place after the other, each once the data plane has what came before.</summary>
    /// <returns>For what is waited; null once all of it has been applied.</returns>
    private async Task<string?> PromoteAsync(PlaneLook look, string attempt, Func<int, bool> isMeant, CancellationToken cancellationToken)
    {
        List<KubeObject> open = [.. look.Works.Where(w => w.TextAt("spec", "attempt") == attempt && InstallationWorks.TrialOf(w) is null && !WorkReport.IsApplied(w))];
        if (open.Count > 0)
        {
            return WorkReport.WhyNotReady(open);
        }

        IGrouping<int, KubeObject>? next = look.Works.Where(w => InstallationWorks.TrialOf(w) == attempt && isMeant(InstallationWorks.PlaceOf(w))).GroupBy(InstallationWorks.PlaceOf).MinBy(g => g.Key);
        if (next is null)
        {
            return null;
        }

        await WorkWriter.EachAsync(next, (w, token) => writer.PatchAsync(w, PatchKind.Json, InstallationWorks.Promote(w, attempt), token), cancellationToken).ConfigureAwait(false);
        return $"{look.Plan.WantedRelease} comes into force: {string.Join(", ", next.Select(w => InstallationWorks.ManifestOf(w).Kind).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))}";
    }

    /// <summary>What is wanted is in force: what an attempt at something else left behind goes, and what runs is counted.</summary>
    private async Task<PlaneStatus> SettledAsync(PlaneStatus status, PlaneLook look, CancellationToken cancellationToken)
    {
        List<KubeObject> left = [.. look.Works.Where(w => w.At("spec", "trial") is not null || w.Annotations.ContainsKey(InstallationWorks.LeavesAnnotation))];
        await WorkWriter.EachAsync(
            left,
            (w, token) => InstallationWorks.IsInForce(w) ? writer.PatchAsync(w, PatchKind.Json, InstallationWorks.Abandon(w), token) : writer.DeleteAsync(w, token),
            cancellationToken).ConfigureAwait(false);
        string inForce = IdInForce(status);
        await WorkWriter.EachAsync(
            look.Hooks.Where(h => InstallationWorks.TrialOf(h) is { } of && of != inForce && of != status.Test?.Id(inForce)), writer.DeleteAsync, cancellationToken).ConfigureAwait(false);
        status = Counted(status with { Attempt = null, InForce = look.Plan.WantedRelease, Releases = AttemptKinds.With(status, look.Plan.WantedRelease) }, look);
        status = status with { Test = await tests.AdvanceAsync(look, status.Revision, inForce, cancellationToken).ConfigureAwait(false) };
        return !look.DataPlane.IsReporting ? status.In(Phases.Unknown, "DataPlaneSilent", look.DataPlane.ReadyMessage)
            : status.Ready == status.Objects ? status.In(Phases.Running, status.Reason is "Installed" or "Upgraded" or "RolledBack" ? status.Reason : "Running", $"{status.InForce} runs")
            : status.In(Phases.Degraded, "NotReady", WorkReport.WhyNotReady(look.Works));
    }

    /// <summary>Hooks of what is in force keep that attempt's mark: those for its deletion wait for their time.</summary>
    private static string IdInForce(PlaneStatus status) => status.Content is { } content ? new Attempt(status.Inputs ?? "", content, status.Revision, "", default, []).Id : "";

    private PlaneStatus Hooked(PlaneStatus status, HookProgress progress, PlaneLook look, string moving)
    {
        PlaneStatus counted = Counted(status, look);
        if (progress.Failure is { } failure)
        {
            return counted.In(Phases.Failed, HookFailed, failure);
        }

        // A deletion waits for its hooks however long they take, but not in silence.
        return moving == Phases.Uninstalling && status.Attempt is { } attempt && time.GetUtcNow() - attempt.Started > look.Plan.Deadline
            ? counted.In(Phases.Failed, "ProgressDeadlineExceeded", $"not done after {look.Plan.Deadline.TotalSeconds:0} s: {progress.Waiting}; annotate the installation with {SkipHooksAnnotation}=true to go on without its hooks")
            : counted.In(moving, "Hook", progress.Waiting);
    }

    private PlaneStatus Overdue(PlaneStatus status, PlaneLook look)
    {
        if (!look.DataPlane.IsReporting && status.Phase is not (Phases.Running or Phases.Failed))
        {
            return status.In(Phases.Unknown, "DataPlaneSilent", look.DataPlane.ReadyMessage);
        }

        return status is { Attempt: { } attempt, Phase: Phases.Installing or Phases.Upgrading } && time.GetUtcNow() - attempt.Started > look.Plan.Deadline
            ? status.In(Phases.Failed, "ProgressDeadlineExceeded", $"not ready after {look.Plan.Deadline.TotalSeconds:0} s: {status.Message}")
            : status;
    }

    private static bool IsWhole(Attempt attempt, PlaneLook look) => attempt.Stage is Stages.Checking or Stages.Before or Stages.Applying or Stages.After
        && InstallationWorks.ContentToCome(look.Works) == attempt.Content;

    private static bool IsUntouched(PlaneStatus status, PlaneLook look) =>
        status.Content is { } content ? InstallationWorks.ContentInForce(look.Works) == content : !look.Works.Any(InstallationWorks.IsInForce);

    private static PlaneStatus Counted(PlaneStatus status, PlaneLook look)
    {
        List<KubeObject> inForce = [.. look.Works.Where(w => InstallationWorks.IsInForce(w) && !w.IsDeleting)];
        return status with { Objects = inForce.Count, Ready = inForce.Count(WorkReport.IsReady) };
    }

    /// <summary>Digest of all that decides what is installed. With the installation's uid, so that it tells nothing of a Secret's values.</summary>
    private static string Inputs(PlaneLook look, JsonObject values) => CanonicalJson.Digest(new JsonObject
    {
        ["installation"] = look.Installation.Uid,
        ["release"] = look.Plan.Release!.Uid,
        ["digest"] = look.Plan.Release.TextAt("status", "digest"),
        ["values"] = values,
        ["overrides"] = look.Plan.Overrides,
        ["namespace"] = look.Plan.TargetNamespace,
        ["replicas"] = look.Divided,
        ["retry"] = look.Installation.Annotations.GetValueOrDefault("orrery.dev/retry"),
    });
}
