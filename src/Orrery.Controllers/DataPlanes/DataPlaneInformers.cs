using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.DataPlanes;

/// <summary>What the DataPlane controller looks at, beside the data planes themselves: only its own part of each resource.</summary>
internal sealed class DataPlaneInformers(KubeClient root, ControllersOptions options)
{
    private readonly InformerOptions ofOurs = options.Informers with { LabelSelector = OrreryNames.DataPlaneLabel };

    /// <summary>Which server holds the tunnel of each data plane.</summary>
    public Informer Tunnels { get; } = new(root, CoreResources.Leases, options.Informers with { FieldSelector = "metadata.name=" + OrreryNames.TunnelLease });

    /// <summary>The servers of the control plane.</summary>
    public Informer Servers { get; } = new(
        root, CoreResources.Leases, options.Informers with { Namespace = OrreryNames.ServerNamespace, LabelSelector = OrreryNames.ServerLabel });

    public IReadOnlyDictionary<GroupVersionResource, Informer> Access => access ??= new[]
    {
        CoreResources.Roles, CoreResources.RoleBindings, CoreResources.ClusterRoles, CoreResources.ClusterRoleBindings,
    }.ToDictionary(r => r, r => new Informer(root, r, ofOurs));

    private Dictionary<GroupVersionResource, Informer>? access;

    public IEnumerable<Informer> All => Access.Values.Append(Tunnels).Append(Servers);
}
