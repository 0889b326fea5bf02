using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.DataPlanes;
using Orrery.Controllers.Installations;

namespace Orrery.Controllers.Applications;

/// <summary>Wakes <see cref="ApplicationReconciler"/>, and keeps what refuses the deletion of an application in use.</summary>
internal sealed class ApplicationController : IController
{
    /// <summary>Releases and installations come in bursts; the counts follow at this pace.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    private readonly ControllerContext context;
    private readonly ReconcilerHost<string> host;

    public ApplicationController(ControllerContext context)
    {
        this.context = context;
        Informer applications = context.RootInformers.For(OrreryResources.Applications);
        Informer releases = context.RootInformers.For(OrreryResources.Releases);
        Informer installations = context.RootInformers.For(OrreryResources.Installations).AddIndex(InstallationUse.OfApplications, InstallationUse.Applications);
        var use = new InstallationUse(context.Root, applications, installations, InstallationUse.OfApplications, context.Events, context.Time);
        var reconciler = new ApplicationReconciler(context.Root, applications, releases, installations, use, context.Time);
        host = context.Host("applications", reconciler, [applications, releases, installations], () => applications.All().Select(a => a.Name), workers: 2);

        applications.Subscribe(change => host.Queue.Add(change.Key.Name));
        releases.Subscribe(change => host.Queue.AddAfter(change.Latest.TextAt("spec", "application") ?? "", Pace));
        installations.Subscribe(change =>
        {
            foreach (string name in InstallationUse.Changed(change, i => [i.TextAt("spec", "application") ?? ""]).Union(InstallationUse.Changed(change, InstallationUse.Applications), StringComparer.Ordinal))
            {
                host.Queue.AddAfter(name, Pace);
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        StandingObjects.KeepAsync(context, DeletionGuard.Objects("orrery-applications-in-use", "applications", "delete them first", DeletionGuard.Installations), cancellationToken),
        host.RunAsync(cancellationToken));
}
