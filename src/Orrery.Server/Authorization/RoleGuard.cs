using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;

namespace Orrery.Server.Authorization;

/// <summary>
/// Keeps users from granting what they do not hold: a role may be written, and bound, only by who has all that it
/// allows, or the verb <c>escalate</c> (<c>bind</c>) on it. Rules of upstream's <c>pkg/registry/rbac/*/policybased</c>.
/// </summary>
internal sealed class RoleGuard(RbacAuthorizer rbac, IAuthorizer authorizer)
{
    private const string Group = "rbac.authorization.k8s.io";

    private static readonly IReadOnlyList<PolicyRule> FullAuthority =
    [
        new() { Verbs = [PolicyRule.Any], ApiGroups = [PolicyRule.Any], Resources = [PolicyRule.Any] },
        new() { Verbs = [PolicyRule.Any], NonResourceUrls = [PolicyRule.Any] },
    ];

    /// <summary>Checks a create or update; does nothing for resources that grant nothing.</summary>
    /// <param name="ns">Of the request; empty for the cluster-scoped kinds.</param>
    /// <param name="existing">Null on create.</param>
    /// <exception cref="StatusException">403 that names the rights not held; 404 for a binding's role.</exception>
    public void Check(UserInfo user, ClusterName cluster, GroupResource resource, string ns, JsonObject proposed, JsonObject? existing)
    {
        bool isRole = resource.Resource is "roles" or "clusterroles", isBinding = resource.Resource is "rolebindings" or "clusterrolebindings";
        if (resource.Group != Group || !(isRole || isBinding) || user.IsMaster || (existing is not null && DiffersOnlyForCollector(proposed, existing)))
        {
            return;
        }

        var right = new AuthorizationAttributes { User = user, Cluster = cluster, Verb = "escalate", Group = Group, Version = PolicyRule.Any, Namespace = ns };
        if (isRole)
        {
            CheckRole(right with { Resource = resource.Resource, Name = existing?.Name ?? "" }, resource, proposed, existing);
        }
        else
        {
            CheckBinding(right with { Verb = "bind" }, resource, proposed);
        }
    }

    private void CheckRole(AuthorizationAttributes right, GroupResource resource, JsonObject proposed, JsonObject? existing)
    {
        if (authorizer.Authorize(right).Allowed)
        {
            return;
        }

        Confirm(right, resource, proposed.Name, PolicyRule.ListFrom(Element(proposed["rules"])));
        if ((proposed["aggregationRule"] ?? existing?["aggregationRule"]) is not null && MissingRights(right, FullAuthority).Missing.Count > 0)
        {
            throw ApiErrors.Forbidden(resource, proposed.Name, "must have cluster-admin privileges to use the aggregationRule");
        }
    }

    private void CheckBinding(AuthorizationAttributes right, GroupResource resource, JsonObject proposed)
    {
        RoleRef role = RoleRef.From(Element(proposed["roleRef"]));
        if (authorizer.Authorize(right with { Group = role.Group, Resource = role.Kind == "Role" ? "roles" : "clusterroles", Name = role.Name }).Allowed)
        {
            return;
        }

        IReadOnlyList<PolicyRule> rules = rbac.RulesOf(right.Cluster, role, right.Namespace)
            ?? throw ApiErrors.NotFound(new GroupResource(Group, role.Kind == "Role" ? "role" : "clusterrole"), role.Name);
        Confirm(right, resource, proposed.Name, rules);
    }

    private void Confirm(AuthorizationAttributes right, GroupResource resource, string name, IReadOnlyList<PolicyRule> wanted)
    {
        (IReadOnlyList<string> missing, IReadOnlyList<string> unresolved) = MissingRights(right, wanted);
        if (missing.Count == 0)
        {
            return;
        }

        string groups = string.Join(' ', right.User.Groups.Select(g => $"\"{g}\""));
        string why = $"user \"{right.User.Name}\" (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{string.Join('\n', missing)}";
        throw ApiErrors.Forbidden(resource, name, unresolved.Count == 0 ? why : $"{why}; resolution errors: [{string.Join(", ", unresolved)}]");
    }

    private (IReadOnlyList<string> Missing, IReadOnlyList<string> Unresolved) MissingRights(AuthorizationAttributes right, IReadOnlyList<PolicyRule> wanted)
    {
        (IReadOnlyList<PolicyRule> held, IReadOnlyList<string> unresolved) = rbac.RulesFor(right.Cluster, right.User, right.Namespace);
        return (RuleCoverage.Missing(held, wanted), unresolved);
    }

    /// <summary>Finalizers and owner references are what the garbage collector writes; they grant nothing.</summary>
    private static bool DiffersOnlyForCollector(JsonObject proposed, JsonObject existing)
    {
        JsonObject a = (JsonObject)proposed.DeepClone(), b = (JsonObject)existing.DeepClone();
        foreach (JsonObject json in (JsonObject[])[a, b])
        {
            foreach (string member in (string[])["finalizers", "ownerReferences", "managedFields", "resourceVersion"])
            {
                json.Metadata.Remove(member);
            }
        }

        return JsonNode.DeepEquals(a, b);
    }

    private static JsonElement? Element(JsonNode? json) => json is null ? null : JsonSerializer.SerializeToElement(json);
}
