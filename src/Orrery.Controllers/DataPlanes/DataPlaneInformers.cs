using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.DataPlanes;

/// <summary>What the DataPlane controller looks at, beside the data planes themselves: only its own part of each resource.</summary>
internal sealed class DataPlaneInformers(KubeClient root, ControllersOptions options)
{
    private readonly InformerOptions ofOurs = new()
    {
        Transform = InformerOptions.WithoutManagedFields,
        LabelSelector = OrreryNames.DataPlaneLabel,
        Time = options.Time,
        Loggers = options.Loggers,
    };

    /// <summary>Which server holds the tunnel of each data plane.</summary>
    public Informer Tunnels { get; } = new(root, CoreResources.Leases, new InformerOptions
    {
        Transform = InformerOptions.WithoutManagedFields,
        FieldSelector = "metadata.name=" + OrreryNames.TunnelLease,
        Time = options.Time,
        Loggers = options.Loggers,
    });

    /// <summary>The servers of the control plane.</summary>
    public Informer Servers { get; } = new(root, CoreResources.Leases, new InformerOptions
    {
        Transform = InformerOptions.WithoutManagedFields,
        Namespace = OrreryNames.ServerNamespace,
        LabelSelector = OrreryNames.ServerLabel,
        Time = options.Time,
        Loggers = options.Loggers,
    });

    public IReadOnlyDictionary<GroupVersionResource, Informer> Access => access ??= new[]
    {
        CoreResources.Roles, CoreResources.RoleBindings, CoreResources.ClusterRoles, CoreResources.ClusterRoleBindings,
    }.ToDictionary(r => r, r => new Informer(root, r, ofOurs));

    private Dictionary<GroupVersionResource, Informer>? access;

    public IEnumerable<Informer> All => Access.Values.Append(Tunnels).Append(Servers);
}
