using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Installations;
using Orrery.Helm.Repositories;

namespace Orrery.Controllers.Applications;

/// <summary>Says of an application which releases it has, and whether its channels lead to any.</summary>
internal sealed class ApplicationReconciler(KubeClient root, Informer applications, Informer releases, Informer installations, InstallationUse use, TimeProvider time) : IReconciler<string>
{
    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (applications.Get(ClusterName.Root, "", key) is not { } application)
        {
            return ReconcileResult.Done;
        }

        if (application.IsDeleting)
        {
            await use.ReleaseAsync(application, cancellationToken).ConfigureAwait(false);
            return ReconcileResult.Done;
        }

        await use.HoldAsync(application, cancellationToken).ConfigureAwait(false);
        application = applications.Get(ClusterName.Root, "", key) ?? application;
        List<KubeObject> own = [.. releases.All().Where(r => r.TextAt("spec", "application") == key)];
        JsonObject status = OwnKinds.StatusOf(application);
        status["observedGeneration"] = application.Generation;
        status["releases"] = own.Count;
        status["installations"] = installations.All().Count(i => i.TextAt("spec", "application") == key);
        use.Describe(status, application);
        if (Latest(own) is { } latest)
        {
            status["latestRelease"] = latest;
        }
        else
        {
            status.Remove("latestRelease");
        }

        string[] astray = [.. Channels(application).Where(c => !own.Any(r => r.Name == c.Release)).Select(c => $"channel {c.Name} leads to {c.Release}, which is no release of it")];
        Conditions.Set(
            status,
            OrreryNames.ReadyCondition,
            astray.Length == 0 ? Conditions.True : Conditions.False,
            astray.Length == 0 ? "ChannelsLead" : "UnknownRelease",
            astray.Length == 0 ? "every channel leads to a release" : string.Join("; ", astray),
            time.GetUtcNow(),
            application.Generation);
        await OwnKinds.WriteStatusAsync(root, applications, application, status, cancellationToken).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    /// <summary>The release that a channel of an application stands for now; null when there is no such channel.</summary>
    public static string? ReleaseOf(KubeObject application, string channel) => Channels(application).Where(c => c.Name == channel).Select(c => c.Release).FirstOrDefault();

    /// <summary>Whether what follows that channel of an application is to be left as it is.</summary>
    public static bool IsSuspended(KubeObject application, string channel) => Channels(application).Any(c => c.Name == channel && c.IsSuspended);

    private static IEnumerable<(string Name, string Release, bool IsSuspended)> Channels(KubeObject application) =>
        application.At("spec", "channels") is { ValueKind: JsonValueKind.Array } channels
            ? channels.EnumerateArray().Select(c => new KubeObject(c)).Select(c => (c.TextAt("name") ?? "", c.TextAt("release") ?? "", c.At("suspended") is { ValueKind: JsonValueKind.True }))
            : [];

    private static string? Latest(IEnumerable<KubeObject> own)
    {
        Dictionary<string, string> ready = own.Where(r => Conditions.IsTrue(r, OrreryNames.ReadyCondition))
            .GroupBy(r => r.TextAt("spec", "version") ?? "", StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First().Name, StringComparer.Ordinal);
        return ChartVersions.Newest(ready.Keys, ">=0.0.0-0") is { } version ? ready[version] : ready.Values.Order(StringComparer.Ordinal).LastOrDefault();
    }
}
