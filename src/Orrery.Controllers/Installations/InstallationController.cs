using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Bundles;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Installations;

/// <summary>Wakes <see cref="InstallationReconciler"/> for the installations that a change may concern.</summary>
internal sealed class InstallationController : IController
{
    private const string ByApplication = "application";

    /// <summary>Reports of satellites come in bursts; steps follow at this pace.</summary>
    private static readonly TimeSpan ReportPace = TimeSpan.FromMilliseconds(50);

    private const int Workers = 8;

    private readonly Informer installations;
    private readonly ReconcilerHost<ObjectKey> host;
    private readonly ValueWatches values;

    public InstallationController(ControllerContext context, BundleReader bundles)
    {
        installations = context.RootInformers.For(OrreryResources.Installations)
            .AddIndex(ByApplication, i => [i.TextAt("spec", "application") ?? ""]);
        Informer applications = context.RootInformers.For(OrreryResources.Applications);
        Informer releases = context.RootInformers.For(OrreryResources.Releases);
        Informer tenants = context.RootInformers.For(OrreryResources.Tenants);
        Informer classes = context.RootInformers.For(OrreryResources.TenantClasses);
        Informer namespaces = context.RootInformers.For(CoreResources.Namespaces);
        var planner = new InstallationPlanner(context.Root, applications, releases, tenants, classes, context.Tenancy, context.Fleet);
        var writer = new WorkWriter(context.Root, context.Works);
        var planes = new PlaneReconciler(
            writer, new HookRunner(writer), bundles, new BundleRenderer(context.Time), new ClusterFacts(context.RootInformers.For(OrreryResources.DataPlanes), context.Root, context.Time), context.Time);
        host = context.Host(
            "installations",
            new InstallationReconciler(context.Root, installations, planner, planes, new PrivatePlaneReconciler(writer, tenants, classes), context.Works, context.Fleet, context.Events, context.Time),
            [installations, applications, releases, classes, context.Works.Informer, .. context.Fleet.Needs, .. context.Tenancy.Needs],
            () => installations.All().Select(ObjectKey.Of),
            Workers,

            // A step may ask a data plane, which may be a tenant's own and take its time: it is the tenant's time.
            ownerOf: k => k.Namespace,
            mostOfOne: Workers / 2);

        installations.Subscribe(change => host.Queue.Add(change.Key));
        values = new ValueWatches(context.Root, installations, context.Options, installation => host.Queue.Add(ObjectKey.Of(installation)));
        context.Works.Informer.Subscribe(OnWork);
        applications.Subscribe(change => Add(installations.ByIndex(ByApplication, change.Key.Name)));
        releases.Subscribe(change => Add(installations.ByIndex(ByApplication, change.Latest.TextAt("spec", "application") ?? "")));
        tenants.Subscribe(change =>
        {
            if (change.Old?.Generation != change.Current?.Generation)
            {
                Add(installations.All().Where(i => context.Tenancy.TenantOf(i.Namespace)?.Name == change.Key.Name));
            }
        });
        classes.Subscribe(change =>
        {
            // Values and maintenance windows may be of a class, and a tenant's own controllers are told of its class.
            if (change.Old?.Generation != change.Current?.Generation)
            {
                Add(installations.All().Where(i => context.Tenancy.TenantOf(i.Namespace)?.Class == change.Key.Name));
            }
        });
        namespaces.Subscribe(change =>
        {
            if (change.Old?.Labels.GetValueOrDefault(OrreryNames.TenantLabel) != change.Current?.Labels.GetValueOrDefault(OrreryNames.TenantLabel))
            {
                Add(installations.InNamespace(ClusterName.Root, change.Key.Name));
            }
        });
        context.Fleet.PlacementChanged += () => Add(installations.All());
        context.Fleet.ReadinessChanged += dataPlane => Add(installations.All().Where(i => PlaneStatus.Of(i).ContainsKey(dataPlane)));
    }

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(values.RunAsync(cancellationToken), host.RunAsync(cancellationToken));

    private void OnWork(InformerChange change)
    {
        if (SourceReference.Of(change.Latest) is { Cluster.IsRoot: true, Kind: "Installation" } source)
        {
            host.Queue.AddAfter(new ObjectKey(ClusterName.Root, source.Namespace, source.Name), ReportPace);
        }
    }

    private void Add(IEnumerable<KubeObject> some)
    {
        foreach (KubeObject installation in some)
        {
            host.Queue.Add(ObjectKey.Of(installation));
        }
    }
}
