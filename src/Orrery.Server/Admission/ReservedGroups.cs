using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Server.Admission;

/// <summary>
/// No virtual cluster defines kinds in the group by which the server itself says which clusters there are: what looks at those objects looks at root's alone, and this is
/// the second lock on that door.
/// </summary>
internal sealed class ReservedGroups : IValidatingPlugin
{
    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!request.Cluster.IsRoot && request.GroupResource is { Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions" } && request.Object?.TextAt("spec", "group") is { } group
            && (group == OrreryResources.InternalGroup || group.EndsWith("." + OrreryResources.InternalGroup, StringComparison.Ordinal)))
        {
            throw ApiErrors.Forbidden(request.GroupResource, request.Name, $"the group {OrreryResources.InternalGroup} is the platform's own");
        }

        return ValueTask.CompletedTask;
    }
}
