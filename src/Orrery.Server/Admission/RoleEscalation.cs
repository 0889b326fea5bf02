using Orrery.Server.Authorization;

namespace Orrery.Server.Admission;

/// <summary>Nobody writes a role or a binding that grants what they do not hold themselves. Last of the mutating phase: upstream asks before the kind validates.</summary>
internal sealed class RoleEscalation(RoleGuard guard) : IMutatingPlugin
{
    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Object is { } proposed && request.Subresource.Length == 0)
        {
            guard.Check(request.User, request.Cluster, request.GroupResource, request.Namespace, proposed, request.Old);
        }

        return ValueTask.CompletedTask;
    }
}
