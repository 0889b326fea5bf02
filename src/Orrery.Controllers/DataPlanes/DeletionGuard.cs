using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.DataPlanes;

/// <summary>
/// Refuses, with their names, the deletion of a data plane that tenants use. An admission policy, so that it holds on any Kubernetes that root
/// is; where there are none of those a deleted data plane is drained and waits, by its finalizer, until nobody uses it.
/// </summary>
internal static class DeletionGuard
{
    private const string Name = "orrery-data-planes-in-use";

    public static IEnumerable<(GroupVersionResource Resource, JsonObject Json)> Objects()
    {
        yield return (CoreResources.ValidatingAdmissionPolicies, Make("ValidatingAdmissionPolicy", new JsonObject
        {
            ["failurePolicy"] = "Fail",
            ["matchConstraints"] = new JsonObject
            {
                ["resourceRules"] = new JsonArray(new JsonObject
                {
                    ["apiGroups"] = new JsonArray(OrreryResources.Group),
                    ["apiVersions"] = new JsonArray("*"),
                    ["operations"] = new JsonArray("DELETE"),
                    ["resources"] = new JsonArray("dataplanes"),
                }),
            },
            ["validations"] = new JsonArray(new JsonObject
            {
                ["expression"] = $"!has(oldObject.status) || !has(oldObject.status.tenants) || size(oldObject.status.tenants) == 0 || "
                    + $"(has(oldObject.metadata.annotations) && '{OrreryNames.ForceDeleteAnnotation}' in oldObject.metadata.annotations)",
                ["messageExpression"] = "'it is used by the tenants ' + oldObject.status.tenants.join(', ') + '; drain it first (spec.drained)'",
                ["reason"] = "Forbidden",
            }),
        }));
        yield return (CoreResources.ValidatingAdmissionPolicyBindings, Make("ValidatingAdmissionPolicyBinding", new JsonObject
        {
            ["policyName"] = Name,
            ["validationActions"] = new JsonArray("Deny"),
        }));
    }

    private static JsonObject Make(string kind, JsonObject spec) => new()
    {
        ["apiVersion"] = "admissionregistration.k8s.io/v1",
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = Name, ["labels"] = new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager } },
        ["spec"] = spec,
    };
}
