using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Tenants;

/// <summary>Wakes <see cref="TenantReconciler"/>.</summary>
internal sealed class TenantController : IController
{
    /// <summary>Its clusters, and what data planes report, change in bursts; a tenant, which looks at all of them, follows at this pace.</summary>
    private static readonly TimeSpan ReportPace = TimeSpan.FromMilliseconds(250);

    private readonly ControllerContext context;
    private readonly GuardInformers inRoot;
    private readonly Informer tenants;
    private readonly Informer tenancies;
    private readonly ReconcilerHost<string> host;

    public TenantController(ControllerContext context)
    {
        this.context = context;
        tenants = context.RootInformers.For(OrreryResources.Tenants);
        tenancies = TenantTenancies.Index(context.RootInformers.For(OrreryResources.Tenancies));
        Informer classes = context.RootInformers.For(OrreryResources.TenantClasses);
        Informer namespaces = context.RootInformers.For(CoreResources.Namespaces);
        Informer virtualClusters = context.RootInformers.For(OrreryResources.VirtualClusters);
        Informer installations = context.RootInformers.For(OrreryResources.Installations);
        inRoot = new GuardInformers(
            context.Root, context.Options, ns => namespaces.Get(ClusterName.Root, "", ns) is { } found && NamespaceMarks.IsMapped(found), CoreResources.ClusterRoles, CoreResources.ClusterRoleBindings, CoreResources.RoleBindings, CoreResources.ResourceQuotas, CoreResources.LimitRanges);
        Informer observations = TenantRemains.Index(context.RootInformers.For(OrreryResources.Observations));
        var inForce = new TenantTenancies(context.Root, tenancies, classes, new PlacementsInUse(virtualClusters, installations), context.Fleet, context.Works);
        var remains = new TenantRemains(context.RootInformers.For(OrreryResources.DataPlanes), tenancies, observations, context.Works, inForce);
        var reconciler = new TenantReconciler(
            context.Root, tenants, virtualClusters,
            new TenantNamespaces(context.Root, namespaces, context.Events),
            inForce,
            inRoot,
            new TenantDeparture(context.Root, tenants, namespaces, inRoot, inForce, remains, context.Events, context.Time),
            context.Events, context.Time);
        host = context.Host(
            "tenants", reconciler,
            [tenants, classes, tenancies, installations, observations, context.Works.Informer, .. inRoot.All, .. context.Fleet.Needs, .. context.Tenancy.Needs],
            Everything, workers: 4);

        // 1. The tenant itself, and what is kept for it.
        tenants.Subscribe(change => host.Queue.Add(change.Key.Name));
        inRoot.Subscribe((tenant, _) => Add(tenant));
        namespaces.Subscribe(OnNamespace);

        // 2. Where it runs.
        virtualClusters.Subscribe(change =>
        {
            // Its status changes all the time, and changes nothing here.
            if (change.Old?.Generation != change.Current?.Generation && context.Tenancy.TenantOf(change.Key.Namespace) is { } tenant)
            {
                host.Queue.AddAfter(tenant.Name, ReportPace);
            }
        });
        installations.Subscribe(change =>
        {
            if (change.Old?.Generation != change.Current?.Generation)
            {
                Add(context.Tenancy.TenantOf(change.Key.Namespace)?.Name);
            }
        });
        context.Works.Informer.Subscribe(OnWork);
        context.Fleet.PlacementChanged += AddAll;

        // 3. What its class says, and what data planes report.
        classes.Subscribe(change =>
        {
            if (change.Old?.Generation != change.Current?.Generation)
            {
                AddAll();
            }
        });
        tenancies.Subscribe(change => host.Queue.AddAfter(change.Key.Name, ReportPace));

        // 4. What is left of one that is deleted.
        observations.Subscribe(change =>
        {
            if (change.IsDeleted && TenantRemains.TenantOf(change.Latest) is { } tenant && IsLeaving(tenant))
            {
                host.Queue.AddAfter(tenant, ReportPace);
            }
        });
        context.Fleet.ReadinessChanged += dataPlane =>
        {
            foreach (KubeObject tenancy in tenancies.InNamespace(ClusterName.Root, OrreryNames.DataPlaneNamespace(dataPlane)).Where(t => IsLeaving(t.Name)))
            {
                host.Queue.Add(tenancy.Name);
            }
        };
    }

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        inRoot.All.Select(i => i.RunAsync(cancellationToken)).Append(StandingObjects.KeepAsync(context, TenantObjects.SharedRoles(), cancellationToken)).Append(host.RunAsync(cancellationToken)));

    private IEnumerable<string> Everything() => tenants.All().Select(t => t.Name).Union(inRoot.Tenants()).Union(tenancies.All().Select(t => t.Name));

    private void OnNamespace(InformerChange change)
    {
        host.Queue.Add(change.Key.Name);
        Add(change.Latest.Labels.GetValueOrDefault(OrreryNames.TenantLabel));
        if (change.Old?.Labels.GetValueOrDefault(OrreryNames.TenantLabel) is { } former)
        {
            Add(former);
        }
    }

    /// <summary>The first of a tenant in a data plane, and the last: whether it needs a Tenancy there.</summary>
    private void OnWork(InformerChange change)
    {
        if ((change.IsAdded || change.IsDeleted) && change.Latest.Labels.TryGetValue(OrreryNames.TenantLabel, out string? tenant)
            && tenancies.Get(ClusterName.Root, change.Key.Namespace, tenant) is null == change.IsAdded)
        {
            if (change.IsAdded)
            {
                host.Queue.Add(tenant);
            }
            else
            {
                host.Queue.AddAfter(tenant, ReportPace);
            }
        }
    }

    private bool IsLeaving(string tenant) => tenants.Get(ClusterName.Root, "", tenant) is not { IsDeleting: false };

    private void AddAll()
    {
        foreach (KubeObject tenant in tenants.All())
        {
            host.Queue.Add(tenant.Name);
        }
    }

    private void Add(string? tenant)
    {
        if (!string.IsNullOrEmpty(tenant))
        {
            host.Queue.Add(tenant);
        }
    }
}
