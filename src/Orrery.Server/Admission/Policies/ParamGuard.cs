using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authorization;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Policies;

/// <summary>
/// Nobody reads through a policy's messages what they may not read themselves: whoever writes a policy needs <c>get</c> on all objects of its
/// paramKind, whoever binds one on those it is bound to (upstream's <c>pkg/registry/admissionregistration/*/authz.go</c>).
/// </summary>
internal sealed class ParamGuard(ObjectStore objects, ResourceCatalog resources, IAuthorizer authorizer) : IMutatingPlugin
{
    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.GroupResource.Group == "admissionregistration.k8s.io" && request.Subresource.Length == 0 && request.Object is { } proposed && !request.User.IsMaster)
        {
            switch (request.GroupResource.Resource)
            {
                case "validatingadmissionpolicies" or "mutatingadmissionpolicies":
                    CheckPolicy(request, proposed);
                    break;
                case "validatingadmissionpolicybindings" or "mutatingadmissionpolicybindings":
                    CheckBinding(request, proposed);
                    break;
            }
        }

        return ValueTask.CompletedTask;
    }

    private void CheckPolicy(AdmissionRequest request, JsonObject policy)
    {
        if (policy.NodeAt("spec", "paramKind") is JsonObject kind && !JsonNode.DeepEquals(kind, request.Old?.NodeAt("spec", "paramKind"))
            && !MayRead(request, kind, "*", "*"))
        {
            throw Refusal(request, "spec.paramKind", $"user {request.User.Name} must have \"get\" permission on all objects of the referenced paramKind (kind={kind.TextAt("kind")}, apiVersion={kind.TextAt("apiVersion")})");
        }
    }

    private void CheckBinding(AdmissionRequest request, JsonObject binding)
    {
        if (binding.NodeAt("spec", "paramRef") is not JsonObject reference || JsonNode.DeepEquals(binding["spec"], request.Old?["spec"]))
        {
            return;
        }

        // The policy need not be there yet: then it is not known what the parameters are, and everything has to be allowed.
        ResourceDefinition policies = BuiltinResources.Instance.Require("admissionregistration.k8s.io", "v1", request.GroupResource.Resource.Replace("policybindings", "policies", StringComparison.Ordinal));
        JsonObject? policy = objects.Find(policies, request.Cluster, "", binding.TextAt("spec", "policyName") ?? "") is { } found ? ObjectStore.Decode(policies, found) : null;
        if (policy is not null && policy.NodeAt("spec", "paramKind") is null)
        {
            return;
        }

        string name = reference.TextAt("name") is { Length: > 0 } said ? said : "*";
        string ns = reference.TextAt("namespace") is { Length: > 0 } space ? space : "*";
        if (!MayRead(request, policy?.NodeAt("spec", "paramKind") as JsonObject, ns, name))
        {
            throw Refusal(request, "spec.paramRef", $"user {request.User.Name} does not have \"get\" permission on the object referenced by paramRef");
        }
    }

    private bool MayRead(AdmissionRequest request, JsonObject? paramKind, string ns, string name)
    {
        var kind = paramKind is null ? default : GroupVersionKind.From(paramKind.TextAt("apiVersion") ?? "", paramKind.TextAt("kind") ?? "");
        ResourceDefinition? resource = paramKind is null ? null : resources.Find(request.Cluster, kind);
        return authorizer.Authorize(new AuthorizationAttributes
        {
            User = request.User,
            Cluster = request.Cluster,
            Verb = "get",
            Group = paramKind is null ? "*" : kind.Group,
            Version = paramKind is null ? "*" : kind.Version,
            Resource = resource?.Resource.Resource ?? "*",
            Namespace = resource is { Namespaced: false } ? "" : ns,
            Name = name,
        }).Allowed;
    }

    private static StatusException Refusal(AdmissionRequest request, string field, string why) =>
        ApiErrors.Invalid(request.Resource.Kind.GroupKind, request.Object!.Name, [FieldError.Forbidden(field, why)]);
}
