using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Bundles;

namespace Orrery.Controllers.Releases;

/// <summary>Wakes <see cref="ReleaseReconciler"/>.</summary>
internal sealed class ReleaseController : IController
{
    private readonly ReconcilerHost<string> host;

    public ReleaseController(ControllerContext context, BundleReader bundles)
    {
        Informer releases = context.RootInformers.For(OrreryResources.Releases);
        Informer applications = context.RootInformers.For(OrreryResources.Applications);
        Informer installations = context.RootInformers.For(OrreryResources.Installations);
        var reconciler = new ReleaseReconciler(context.Root, releases, applications, installations, bundles, context.Events, context.Time);
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
            foreach (string? wanted in (string?[])[change.Old?.TextAt("status", "wantedRelease"), change.Current?.TextAt("status", "wantedRelease")])
            {
                if (wanted is { Length: > 0 } && change.Old?.TextAt("status", "wantedRelease") != change.Current?.TextAt("status", "wantedRelease"))
                {
                    host.Queue.Add(wanted);
                }
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) => host.RunAsync(cancellationToken);
}
