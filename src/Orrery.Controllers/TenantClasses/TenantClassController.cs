using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.DataPlanes;

namespace Orrery.Controllers.TenantClasses;

/// <summary>Wakes <see cref="TenantClassReconciler"/>, and keeps what refuses the deletion of a class in use.</summary>
internal sealed class TenantClassController : IController
{
    private readonly ControllerContext context;
    private readonly ReconcilerHost<string> host;

    public TenantClassController(ControllerContext context)
    {
        this.context = context;
        Informer classes = context.RootInformers.For(OrreryResources.TenantClasses);
        Informer tenants = context.RootInformers.For(OrreryResources.Tenants);
        host = context.Host(
            "tenantclasses", new TenantClassReconciler(context.Root, classes, tenants, context.Time), [classes, tenants], () => classes.All().Select(c => c.Name), workers: 1);
        classes.Subscribe(change => host.Queue.Add(change.Key.Name));
        tenants.Subscribe(change =>
        {
            foreach (string name in new[] { change.Old, change.Current }.OfType<KubeObject>().Select(TenantClassReconciler.ClassOf).Where(n => n.Length > 0).Distinct())
            {
                host.Queue.Add(name);
            }
        });
    }

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        StandingObjects.KeepAsync(context, DeletionGuard.Objects("orrery-tenant-classes-in-use", "tenantclasses", "give them another class first", DeletionGuard.Tenants), cancellationToken),
        host.RunAsync(cancellationToken));
}
