using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Installations;

/// <summary>Runs the tests of a release that is in force, one after the other, each time the annotation that asks for them changes.</summary>
internal sealed class TestRunner(WorkWriter writer, HookRunner hooks, TimeProvider time)
{
    /// <param name="inForce">Mark of the attempt that brought the release into force.</param>
    /// <returns>What is to stand in the status from now on; null when tests were never asked for.</returns>
    public async Task<TestRun?> AdvanceAsync(PlaneLook look, int revision, string inForce, CancellationToken cancellationToken)
    {
        string asked = look.Installation.Annotations.GetValueOrDefault(OrreryNames.TestAnnotation) ?? "";
        TestRun? run = look.Before.Test;
        if (asked.Length > 0 && run?.Run != asked)
        {
            return await BeginAsync(look, new TestRun(asked, revision, TestRun.Running, "the tests begin", time.GetUtcNow(), []), inForce, cancellationToken).ConfigureAwait(false);
        }

        List<KubeObject> own = [.. look.Hooks.Where(IsRun)];
        bool isKept = run is not null && look.Installation.Annotations.GetValueOrDefault(OrreryNames.KeepTestsAnnotation) == run.Run;
        if (run is not { Phase: TestRun.Running })
        {
            if (run is not null && !isKept)
            {
                await hooks.SweepAsync(own, run.Hooks, cancellationToken).ConfigureAwait(false);
                await hooks.SweepFailedAsync(own, cancellationToken).ConfigureAwait(false);
            }

            return run;
        }

        if (run.Revision != revision)
        {
            return run with { Phase = TestRun.Failed, Message = "something else came into force while the tests ran" };
        }

        if (!isKept)
        {
            await hooks.SweepAsync(own, run.Hooks, cancellationToken).ConfigureAwait(false);
        }

        var attempt = new Attempt("", "", revision, "", run.Started, run.Hooks);
        HookProgress progress = await hooks.RunAsync(own, InstallationWorks.TestRunEvent, attempt, run.Id(inForce), cancellationToken).ConfigureAwait(false);
        run = run with { Hooks = progress.Attempt.Hooks };
        if (progress.IsDone)
        {
            if (!isKept)
            {
                await hooks.SweepAsync(own, progress.Attempt.Hooks, cancellationToken).ConfigureAwait(false);
            }

            return run with { Phase = TestRun.Succeeded, Message = run.Hooks.Count == 0 ? "the release has no tests" : $"{run.Hooks.Count} tests passed" };
        }

        return progress.Failure is { } failure ? run with { Phase = TestRun.Failed, Message = failure }
            : time.GetUtcNow() - run.Started > look.Plan.Deadline ? run with { Phase = TestRun.Failed, Message = $"not done after {look.Plan.Deadline.TotalSeconds:0} s: {progress.Waiting}" }
            : run with { Message = progress.Waiting };
    }

    private async Task<TestRun> BeginAsync(PlaneLook look, TestRun run, string inForce, CancellationToken cancellationToken)
    {
        string id = run.Id(inForce);
        WorkNames names = writer.Names(look.Installation, look.DataPlane.Namespace);
        HashSet<string> known = [.. look.Hooks.Select(h => h.Name)];
        List<JsonObject> fresh =
        [
            .. look.Hooks.Where(h => h.Labels.GetValueOrDefault(OrreryNames.HookLabel) == InstallationWorks.TestEvent && InstallationWorks.TrialOf(h) == inForce)
                .Select(h => InstallationWorks.TestRun(names, h, id)),
        ];
        await WorkWriter.EachAsync(fresh.Where(w => !known.Contains(w.Name)), (w, token) => writer.CreateAsync(look.DataPlane.Namespace, w, token), cancellationToken).ConfigureAwait(false);
        await WorkWriter.EachAsync(look.Hooks.Where(h => IsRun(h) && !IsOf(h, id)), writer.DeleteAsync, cancellationToken).ConfigureAwait(false);
        return run;
    }

    private static bool IsRun(KubeObject work) => work.Labels.GetValueOrDefault(OrreryNames.HookLabel) == InstallationWorks.TestRunEvent;

    private static bool IsOf(KubeObject work, string id) => (InstallationWorks.TrialOf(work) ?? work.TextAt("spec", "attempt")) == id;
}
