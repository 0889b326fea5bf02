using System.Globalization;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Bundles;

namespace Orrery.Controllers.Installations;

/// <summary>How running the hooks of an event is going.</summary>
/// <param name="Attempt">With the hooks that have run by now; to be kept before anything else is done.</param>
/// <param name="IsDone">All have run.</param>
/// <param name="Failure">Why one failed; null when none did.</param>
/// <param name="Waiting">What runs now, for people.</param>
internal sealed record HookProgress(Attempt Attempt, bool IsDone, string? Failure, string Waiting);

/// <summary>Runs hooks one after the other, each as a Work that stood ready as a trial.</summary>
internal sealed class HookRunner(WorkWriter writer)
{
    /// <param name="hooks">Works of all hooks of the installation in the data plane, of any attempt.</param>
    /// <param name="attempt">Whose hooks run.</param>
    public async Task<HookProgress> RunAsync(IReadOnlyList<KubeObject> hooks, string on, Attempt attempt, string attemptId, CancellationToken cancellationToken)
    {
        foreach (KubeObject hook in hooks.Where(h => IsOf(h, on, attemptId)).OrderBy(Order).ThenBy(h => h.Name, StringComparer.Ordinal))
        {
            if (attempt.Hooks.Contains(hook.Name))
            {
                continue;
            }

            if (!InstallationWorks.IsInForce(hook))
            {
                return new HookProgress(attempt, false, null, await StartAsync(hook, hooks, attemptId, cancellationToken).ConfigureAwait(false));
            }

            switch (WorkReport.HookOutcome(hook))
            {
                case null:
                    return new HookProgress(attempt, false, null, $"{on} hook {WorkReport.Name(hook)} runs");
                case (false, { } why):
                    return new HookProgress(attempt, false, $"{on} hook: {why}", "");
                default:
                    attempt = attempt with { Hooks = [.. attempt.Hooks, hook.Name] };
                    break;
            }
        }

        return new HookProgress(attempt, true, null, "");
    }

    /// <summary>Removes hooks that have run and say that they go then.</summary>
    /// <param name="done">As it stands in the status: what is not known to have run must not be lost.</param>
    public Task SweepAsync(IEnumerable<KubeObject> hooks, IReadOnlyList<string> done, CancellationToken cancellationToken) =>
        WorkWriter.EachAsync(hooks.Where(h => done.Contains(h.Name) && Has(h, RenderedHook.Succeeded)), writer.DeleteAsync, cancellationToken);

    /// <summary>Removes hooks that failed and say that they go then, once the status says that they failed.</summary>
    public Task SweepFailedAsync(IEnumerable<KubeObject> hooks, CancellationToken cancellationToken) => WorkWriter.EachAsync(
        hooks.Where(h => InstallationWorks.IsInForce(h) && Has(h, RenderedHook.Failed) && WorkReport.HookOutcome(h) is (false, _)), writer.DeleteAsync, cancellationToken);

    private async Task<string> StartAsync(KubeObject hook, IReadOnlyList<KubeObject> all, string attemptId, CancellationToken cancellationToken)
    {
        KubeObject manifest = InstallationWorks.ManifestOf(hook);
        List<KubeObject> former = [.. all.Where(h => h.Name != hook.Name && InstallationWorks.IsInForce(h) && InstallationWorks.ManifestOf(h) is var m
            && m.Kind == manifest.Kind && m.Namespace == manifest.Namespace && m.Name == manifest.Name)];
        if (former.Count > 0 && (Has(hook, RenderedHook.BeforeCreation) || Policies(hook).Length == 0))
        {
            await WorkWriter.EachAsync(former, writer.DeleteAsync, cancellationToken).ConfigureAwait(false);
            return $"the former {WorkReport.Name(hook)} goes";
        }

        await writer.PatchAsync(hook, PatchKind.Json, InstallationWorks.Promote(hook, attemptId), cancellationToken).ConfigureAwait(false);
        return $"{hook.Labels[OrreryNames.HookLabel]} hook {WorkReport.Name(hook)} starts";
    }

    private static bool IsOf(KubeObject hook, string on, string attemptId) =>
        hook.Labels.GetValueOrDefault(OrreryNames.HookLabel) == on && (InstallationWorks.TrialOf(hook) ?? hook.TextAt("spec", "attempt")) == attemptId;

    private static int Order(KubeObject hook) => int.TryParse(hook.Annotations.GetValueOrDefault(InstallationWorks.HookOrderAnnotation), CultureInfo.InvariantCulture, out int order) ? order : 0;

    private static bool Has(KubeObject hook, string policy) => Policies(hook).Contains(policy);

    private static string[] Policies(KubeObject hook) =>
        (hook.Annotations.GetValueOrDefault(InstallationWorks.HookPoliciesAnnotation) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
}
