using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.DataPlanes;

/// <summary>
/// Refuses, with their names, the deletion of what somebody uses: a data plane, a class, a release, an application. An admission policy, so that it holds on any Kubernetes that root
/// is; where there are none of those what was deleted waits, by its finalizer, until nobody uses it.
/// </summary>
internal static class DeletionGuard
{
    public static readonly (string List, string Are) Tenants = ("tenants", "tenants");
    public static readonly (string List, string Are) Installations = ("usedBy", "installations");

    /// <param name="name">Of the policy and its binding.</param>
    /// <param name="resource">Whose status lists who uses an object.</param>
    /// <param name="advice">What to do first, for people.</param>
    /// <param name="users">The member of the status, and what is said of those in it.</param>
    public static IEnumerable<(GroupVersionResource Resource, JsonObject Json)> Objects(string name, string resource, string advice, (string List, string Are) users)
    {
        string list = "oldObject.status." + users.List;
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
                ["expression"] = $"!has(oldObject.status) || !has({list}) || size({list}) == 0 || "
                    + $"(has(oldObject.metadata.annotations) && '{OrreryNames.ForceDeleteAnnotation}' in oldObject.metadata.annotations) || "
                    + $"(has(oldObject.metadata.labels) && '{OrreryNames.FetchedLabel}' in oldObject.metadata.labels)",
                ["messageExpression"] = $"'it is used by the {users.Are} ' + {list}.join(', ') + '; {advice}'",
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
