using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Bundles;
using Orrery.Controllers.DataPlanes;
using Orrery.Controllers.Installations;

namespace Orrery.Controllers.Releases;

/// <summary>Wakes <see cref="ReleaseReconciler"/>, and keeps what refuses the deletion of a release in use.</summary>
internal sealed class ReleaseController : IController
{
    private readonly ControllerContext context;
    private readonly ReconcilerHost<string> host;

    public ReleaseController(ControllerContext context, BundleReader bundles)
    {
        this.context = context;
        Informer releases = context.RootInformers.For(OrreryResources.Releases);
        Informer applications = context.RootInformers.For(OrreryResources.Applications);
        Informer installations = context.RootInformers.For(OrreryResources.Installations).AddIndex(InstallationUse.OfReleases, InstallationUse.Releases);
        var use = new InstallationUse(context.Root, releases, installations, InstallationUse.OfReleases, context.Events, context.Time);
        var reconciler = new ReleaseReconciler(context.Root, releases, applications, installations, use, bundles, context.Events, context.Time);
        host = context.Host("releases", reconciler, [releases, applications, installations], () => releases.All().Select(r => r.Name), workers: 4);

        releases.Subscribe(change => host.Queue.Add(change.Key.Name));
        applications.Subscribe(change =>
        {
            if (change.IsAdded || change.IsDeleted)
            {
                foreach (KubeObject release in releases.All().Where(r => r.TextAt("spec", "application") == change.Key.Name))
                {
                    host.Queue.Add(release.Name);
                }
            }
        });
        installations.Subscribe(change =>
        {
            foreach (string name in InstallationUse.Changed(change, Counted).Union(InstallationUse.Changed(change, InstallationUse.Releases), StringComparer.Ordinal))
            {
                host.Queue.Add(name);
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        StandingObjects.KeepAsync(context, DeletionGuard.Objects("orrery-releases-in-use", "releases", "give them another release first", DeletionGuard.Installations), cancellationToken),
        host.RunAsync(cancellationToken));

    private static IEnumerable<string> Counted(KubeObject installation) => installation.TextAt("status", "wantedRelease") is { Length: > 0 } wanted ? [wanted] : [];
}
