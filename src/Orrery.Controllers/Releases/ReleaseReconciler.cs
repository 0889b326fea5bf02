using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Controllers.Bundles;
using Orrery.Api.Kinds;
using Orrery.Controllers.Installations;

namespace Orrery.Controllers.Releases;

/// <summary>Reads a release's bundle, pins what it was by its digest, and says whether it can be installed.</summary>
internal sealed class ReleaseReconciler(
    KubeClient root, Informer releases, Informer applications, Informer installations, InstallationUse use, BundleReader bundles, EventRecorder events, TimeProvider time) : IReconciler<string>
{
    /// <summary>When to look again for what may come: a repository that is away, a ConfigMap that somebody forgot.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(30);

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (releases.Get(ClusterName.Root, "", key) is not { } release)
        {
            return ReconcileResult.Done;
        }

        if (release.IsDeleting)
        {
            await use.ReleaseAsync(release, cancellationToken).ConfigureAwait(false);
            return ReconcileResult.Done;
        }

        await use.HoldAsync(release, cancellationToken).ConfigureAwait(false);
        release = releases.Get(ClusterName.Root, "", key) ?? release;
        JsonObject status = OwnKinds.StatusOf(release);
        status["observedGeneration"] = release.Generation;
        status["installations"] = installations.All().Count(i => i.TextAt("status", "wantedRelease") == key);
        use.Describe(status, release);
        bool mayComeYet = false;
        ConditionState? before = Conditions.Find(release, OrreryNames.ReadyCondition);
        string application = release.TextAt("spec", "application") ?? "";
        if (applications.Get(ClusterName.Root, "", application) is null)
        {
            Set(status, release, Conditions.False, "NoApplication", $"there is no Application {application}");
        }
        else
        {
            try
            {
                Bundle bundle = await bundles.ReadAsync(release, cancellationToken).ConfigureAwait(false);
                Describe(status, bundle);
                string stale = bundle is ChartBundle { Chart.HasStaleLock: true } ? "; the chart's lock file is out of sync with its list of dependencies" : "";
                Set(status, release, Conditions.True, "BundleReady", $"version {release.TextAt("spec", "version")} of {application} can be installed{stale}");
            }
            catch (BundleException e)
            {
                mayComeYet = true;
                Set(status, release, Conditions.False, e.Reason, e.Message);
            }
        }

        await OwnKinds.WriteStatusAsync(root, releases, release, status, cancellationToken).ConfigureAwait(false);
        Tell(release, before, status);
        return mayComeYet ? ReconcileResult.After(LookAgain) : ReconcileResult.Done;
    }

    private static void Describe(JsonObject status, Bundle bundle)
    {
        status["digest"] = bundle.Digest;
        switch (bundle)
        {
            case ManifestBundle manifests:
                status["bundle"] = "manifests";
                status["objects"] = manifests.Objects.Count;
                break;
            case ChartBundle chart:
                status["bundle"] = "chart " + chart.Chart.Name;
                status["chartVersion"] = chart.Chart.Version;
                status["appVersion"] = chart.Chart.AppVersion;
                break;
        }
    }

    private void Set(JsonObject status, KubeObject release, string state, string reason, string message) =>
        Conditions.Set(status, OrreryNames.ReadyCondition, state, reason, message, time.GetUtcNow(), release.Generation);

    private void Tell(KubeObject release, ConditionState? before, JsonObject status)
    {
        JsonObject now = status["conditions"]!.AsArray().OfType<JsonObject>().Single(c => c.TextAt("type") == OrreryNames.ReadyCondition);
        if (before?.Reason == now.TextAt("reason"))
        {
            return;
        }

        events.Record(release, now.TextAt("status") == Conditions.True ? "Normal" : "Warning", now.TextAt("reason")!, now.TextAt("message")!);
    }
}
