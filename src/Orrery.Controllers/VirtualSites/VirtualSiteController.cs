using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.VirtualSites;

/// <summary>Wakes <see cref="VirtualSiteReconciler"/> when a site or the fleet changes.</summary>
internal sealed class VirtualSiteController : IController
{
    private readonly ReconcilerHost<string> host;

    public VirtualSiteController(ControllerContext context)
    {
        Informer sites = context.RootInformers.For(OrreryResources.VirtualSites);
        host = context.Host(
            "virtualsites",
            new VirtualSiteReconciler(context.Root, sites, context.Fleet, context.Time),
            context.Fleet.Needs,
            () => sites.All().Select(s => s.Name),
            workers: 1);
        sites.Subscribe(change => host.Queue.Add(change.Key.Name));
        context.Fleet.PlacementChanged += () =>
        {
            foreach (KubeObject site in sites.All())
            {
                host.Queue.Add(site.Name);
            }
        };
    }

    public Task RunAsync(CancellationToken cancellationToken) => host.RunAsync(cancellationToken);
}
