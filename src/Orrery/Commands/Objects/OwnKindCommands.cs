using System.CommandLine;
using Orrery.Commands.DataPlanes;

namespace Orrery.Commands.Objects;

/// <summary>The commands of our own kinds.</summary>
internal static class OwnKindCommands
{
    public static IEnumerable<Command> All() =>
    [
        ObjectCommand.Create(ObjectKind.Tenant, TenantFields.Tenant, [.. SuspendVerb.OfTenants()]),
        ObjectCommand.Create(ObjectKind.TenantClass, TenantFields.TenantClass),
        ObjectCommand.Create(ObjectKind.DataPlane,
        [
            .. ObjectField.Access,
            ObjectField.Flag("--cordoned", "spec.cordoned", "Place nothing new there."),
            ObjectField.Flag("--drained", "spec.drained", "Place nothing new there, and move what runs there to other data planes."),
            ObjectField.Flag("--paused", "spec.paused", "Leave what runs there as it is."),
        ],
        AddVerb.Create(), TokenVerb.Create(), ApproveVerb.Create(), RevokeVerb.Create(), ConfirmVerb.Create(), KubectlVerb.Create()),
        ObjectCommand.Create(ObjectKind.VirtualSite, [ObjectField.Pairs("--data-plane-labels", "spec.dataPlaneSelector.matchLabels", "Labels of its data planes.")]),
        ObjectCommand.Create(ObjectKind.VirtualCluster, ObjectField.Placement),
        ObjectCommand.Create(ObjectKind.Application, ApplicationFields.Application, [.. SuspendVerb.OfApplications()]),
        ObjectCommand.Create(ObjectKind.Release, ApplicationFields.Release),
        ObjectCommand.Create(ObjectKind.Installation, ApplicationFields.Installation, [.. SuspendVerb.OfInstallations(), OpenVerb.Create(), TestVerb.Create()]),
    ];
}
