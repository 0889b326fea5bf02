using Orrery.Server.Authorization;

namespace Orrery.Server.Admission;

/// <summary>Nobody writes a role or a binding that grants what they do not hold themselves.</summary>
internal sealed class RoleEscalation(RoleGuard guard) : IAdmissionPlugin
{
    public ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Object is { } proposed && request.Subresource.Length == 0)
        {
            guard.Check(request.User, request.Cluster, request.GroupResource, request.Namespace, proposed, request.Old);
        }

        return ValueTask.CompletedTask;
    }
}
