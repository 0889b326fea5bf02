using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Authentication.Oidc;
using Orrery.Server.Authorization;

namespace Orrery.Server.Admission;

/// <summary>
/// Keeps the ConfigMap that names a virtual cluster's OpenID providers (<see cref="ClusterProviders"/>) to those who could act as
/// anybody there already: whoever names a provider decides who everybody is. One that makes no sense is refused.
/// </summary>
internal sealed class ProviderGuard(IAuthorizer authorizer, TokenIssuers issuers) : IValidatingPlugin
{
    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Cluster.IsRoot || request.Object is not { } json || request.Name != ClusterProviders.Name || request.Namespace != ClusterProviders.Namespace
            || request.GroupResource is not { Group: "", Resource: "configmaps" } || request.IsControlPlane)
        {
            return ValueTask.CompletedTask;
        }

        // 1. May they.
        var right = new AuthorizationAttributes { User = request.User, Cluster = request.Cluster, Verb = "impersonate", Version = "v1", Resource = "" };
        foreach (string who in (string[])["users", "groups"])
        {
            if (!authorizer.Authorize(right with { Resource = who }).Allowed)
            {
                throw ApiErrors.Forbidden(request.GroupResource, request.Name, $"user \"{request.User.Name}\" must be able to impersonate all {who} to say which providers of identities the cluster trusts");
            }
        }

        // 2. Can it be.
        try
        {
            ClusterProviders.Read(request.Cluster, json, issuers);
            return ValueTask.CompletedTask;
        }
        catch (FormatException bad)
        {
            throw ApiErrors.Invalid(request.Resource.Kind.GroupKind, request.Name, [FieldError.Invalid($"data[{ClusterProviders.Key}]", "", bad.Message)]);
        }
    }
}
