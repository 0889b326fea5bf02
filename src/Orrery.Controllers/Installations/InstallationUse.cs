using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Installations;

/// <summary>
/// Which installations use an object of the vendor's: a Release, an Application. While any does, the object says so in <c>status.usedBy</c>, by which its deletion is refused, and
/// carries a finalizer, by which one that was deleted all the same waits. An installation that is itself being deleted needs neither any more.
/// </summary>
/// <param name="index">Name of the index of <paramref name="installations"/> by what they use.</param>
internal sealed class InstallationUse(KubeClient root, Informer used, Informer installations, string index, EventRecorder events, TimeProvider time)
{
    public const string OfReleases = "uses-release";
    public const string OfApplications = "uses-application";

    /// <summary>Installations that are named; the others are counted by nobody here.</summary>
    private const int MostNamed = 20;

    /// <summary>The release that its spec or its channel says, and those that are in force somewhere.</summary>
    public static IEnumerable<string> Releases(KubeObject installation) => installation.IsDeleting ? []
        : ((string?[])[installation.TextAt("spec", "release"), installation.TextAt("status", "wantedRelease"), .. (installation.TextAt("status", "releaseInForce") ?? "").Split(',')])
            .OfType<string>().Where(r => r.Length > 0).Distinct(StringComparer.Ordinal);

    public static IEnumerable<string> Applications(KubeObject installation) =>
        !installation.IsDeleting && installation.TextAt("spec", "application") is { Length: > 0 } application ? [application] : [];

    /// <summary>What came into use by a change of an installation, and what went out of it.</summary>
    public static IEnumerable<string> Changed(InformerChange change, Func<KubeObject, IEnumerable<string>> of)
    {
        string[] before = change.Old is { } old ? [.. of(old)] : [], after = change.Current is { } current ? [.. of(current)] : [];
        return before.Except(after, StringComparer.Ordinal).Concat(after.Except(before, StringComparer.Ordinal));
    }

    /// <summary>Puts who uses it into the status.</summary>
    public void Describe(JsonObject status, KubeObject subject)
    {
        string[] users = Users(subject);
        if (users.Length > 0)
        {
            status["usedBy"] = OwnKinds.List(users);
        }
        else
        {
            status.Remove("usedBy");
        }
    }

    /// <summary>Has the finalizer there while the object is used. What a tenant's own control plane fetched is the vendor's to keep or to take away.</summary>
    public Task HoldAsync(KubeObject subject, CancellationToken cancellationToken) =>
        OwnKinds.SetFinalizerAsync(root, used, subject, OrreryNames.InUseFinalizer, Users(subject).Length > 0 && !subject.Labels.ContainsKey(OrreryNames.FetchedLabel), cancellationToken);

    /// <summary>Lets go of an object that is being deleted once nobody uses it, or somebody said that it is to go all the same; until then the object says for whom it waits.</summary>
    public async Task ReleaseAsync(KubeObject subject, CancellationToken cancellationToken)
    {
        if (!subject.Finalizers.Contains(OrreryNames.InUseFinalizer))
        {
            return;
        }

        string[] users = Users(subject);
        if (users.Length == 0 || subject.Annotations.ContainsKey(OrreryNames.ForceDeleteAnnotation))
        {
            await OwnKinds.SetFinalizerAsync(root, used, subject, OrreryNames.InUseFinalizer, present: false, cancellationToken).ConfigureAwait(false);
            return;
        }

        JsonObject status = OwnKinds.StatusOf(subject);
        Describe(status, subject);
        Conditions.Set(
            status, OrreryNames.InUseCondition, Conditions.True, "InUse", $"it is deleted, and goes once these installations no longer use it: {string.Join(", ", users)}",
            time.GetUtcNow(), subject.Generation);
        bool isNews = Conditions.Find(subject, OrreryNames.InUseCondition) is null;
        await OwnKinds.WriteStatusAsync(root, used, subject, status, cancellationToken).ConfigureAwait(false);
        if (isNews)
        {
            events.Warning(subject, "InUse", $"Deleted, but used by the installations {string.Join(", ", users)}: it stays until they use it no more");
        }
    }

    private string[] Users(KubeObject subject) =>
        [.. installations.ByIndex(index, subject.Name).Select(i => $"{i.Namespace}/{i.Name}").Order(StringComparer.Ordinal).Take(MostNamed)];
}
