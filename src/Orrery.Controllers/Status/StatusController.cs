using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Status;

/// <summary>Wakes <see cref="StatusReconciler"/> when a data plane reports, falls silent or speaks again, and when the object changes.</summary>
internal sealed class StatusController : IController
{
    private readonly ReconcilerHost<SourceKey> host;

    public StatusController(ControllerContext context, SourceInformers sources)
    {
        WorkDirectory works = context.Works;
        var reconciler = new StatusReconciler(
            context.Root, context.Fleet, context.Tenancy, works, sources, context.Time, context.Options.Loggers.CreateLogger("Orrery.Controllers.Status"));
        host = context.Host(
            "status",
            reconciler,
            [.. sources.All, works.Informer, .. context.Fleet.Needs, .. context.Tenancy.Needs],
            () => sources.Keys().Where(k => PlaceableKinds.Find(k.Kind) is { HasStatus: true }),
            workers: 8,
            k => k.Object.Cluster.Namespace);

        foreach ((GroupKind kind, Informer informer) in sources.ByKind.Where(s => PlaceableKinds.Find(s.Key) is { HasStatus: true }))
        {
            informer.Subscribe(change =>
            {
                if (!change.Key.Cluster.IsRoot && !change.IsDeleted)
                {
                    host.Queue.Add(new SourceKey(kind, change.Key));
                }
            });
        }

        works.Informer.Subscribe(change => Add(change.Latest));
        _ = new RefusalEvents(context, sources);
        context.Fleet.ReadinessChanged += dataPlane =>
        {
            foreach (KubeObject work in works.In(dataPlane))
            {
                Add(work);
            }
        };
    }

    public Task RunAsync(CancellationToken cancellationToken) => host.RunAsync(cancellationToken);

    private void Add(KubeObject work)
    {
        if (SourceKey.Of(work) is { } key && PlaceableKinds.Find(key.Kind) is { HasStatus: true })
        {
            host.Queue.Add(key);
        }
    }
}
