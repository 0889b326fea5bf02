using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.DataPlanes;

/// <summary>
/// Refuses, with their names, the deletion of what tenants use: a data plane, a class. An admission policy, so that it holds on any Kubernetes that root
/// is; where there are none of those a deleted data plane is drained and waits, by its finalizer, until nobody uses it.
/// </summary>
internal static class DeletionGuard
{
    /// <param name="name">Of the policy and its binding.</param>
    /// <param name="resource">Whose <c>status.tenants</c> lists who uses an object.</param>
    /// <param name="advice">What to do first, for people.</param>
    public static IEnumerable<(GroupVersionResource Resource, JsonObject Json)> Objects(string name, string resource, string advice)
    {
        yield return (CoreResources.ValidatingAdmissionPolicies, Make(name, "ValidatingAdmissionPolicy", new JsonObject
        {
            ["failurePolicy"] = "Fail",
            ["matchConstraints"] = new JsonObject
            {
                ["resourceRules"] = new JsonArray(new JsonObject
                {
                    ["apiGroups"] = new JsonArray(OrreryResources.Group),
                    ["apiVersions"] = new JsonArray("*"),
                    ["operations"] = new JsonArray("DELETE"),
                    ["resources"] = new JsonArray(resource),
                }),
            },
            ["validations"] = new JsonArray(new JsonObject
            {
                ["expression"] = $"!has(oldObject.status) || !has(oldObject.status.tenants) || size(oldObject.status.tenants) == 0 || "
                    + $"(has(oldObject.metadata.annotations) && '{OrreryNames.ForceDeleteAnnotation}' in oldObject.metadata.annotations)",
                ["messageExpression"] = $"'it is used by the tenants ' + oldObject.status.tenants.join(', ') + '; {advice}'",
                ["reason"] = "Forbidden",
            }),
        }));
        yield return (CoreResources.ValidatingAdmissionPolicyBindings, Make(name, "ValidatingAdmissionPolicyBinding", new JsonObject
        {
            ["policyName"] = name,
            ["validationActions"] = new JsonArray("Deny"),
        }));
    }

    private static JsonObject Make(string name, string kind, JsonObject spec) => new()
    {
        ["apiVersion"] = "admissionregistration.k8s.io/v1",
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager } },
        ["spec"] = spec,
    };
}
