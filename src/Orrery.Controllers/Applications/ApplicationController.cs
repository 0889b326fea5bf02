using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Applications;

/// <summary>Wakes <see cref="ApplicationReconciler"/>.</summary>
internal sealed class ApplicationController : IController
{
    /// <summary>Releases and installations come in bursts; the counts follow at this pace.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    private readonly ReconcilerHost<string> host;

    public ApplicationController(ControllerContext context)
    {
        Informer applications = context.RootInformers.For(OrreryResources.Applications);
        Informer releases = context.RootInformers.For(OrreryResources.Releases);
        Informer installations = context.RootInformers.For(OrreryResources.Installations);
        var reconciler = new ApplicationReconciler(context.Root, applications, releases, installations, context.Time);
        host = context.Host("applications", reconciler, [applications, releases, installations], () => applications.All().Select(a => a.Name), workers: 2);

        applications.Subscribe(change => host.Queue.Add(change.Key.Name));
        releases.Subscribe(change => host.Queue.AddAfter(change.Latest.TextAt("spec", "application") ?? "", Pace));
        installations.Subscribe(change =>
        {
            if (change.IsAdded || change.IsDeleted)
            {
                host.Queue.AddAfter(change.Latest.TextAt("spec", "application") ?? "", Pace);
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) => host.RunAsync(cancellationToken);
}
