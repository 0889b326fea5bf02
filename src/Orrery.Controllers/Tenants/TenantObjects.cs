using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Tenants;

/// <summary>What a tenant has in the root cluster beside its namespaces: the rights of its members there, quota and limits. Pure.</summary>
internal static class TenantObjects
{
    private const string RbacGroup = "rbac.authorization.k8s.io";

    /// <summary>Of what a tenant may make in its own root namespaces.</summary>
    private static readonly string[] OwnResources = ["virtualclusters", "installations"];

    /// <summary>One for all tenants: what each role may do in a tenant's root namespaces.</summary>
    public static string RoleName(string role) => $"orrery:tenant-{role}";

    /// <summary>The right to see the tenant itself.</summary>
    public static string TenantRoleName(string tenant) => $"orrery:tenant:{tenant}";

    /// <summary>The roles that members are bound to, the same for every tenant.</summary>
    public static IEnumerable<(GroupVersionResource Resource, JsonObject Json)> SharedRoles() =>
        TenantRoles.All.Select(role => (CoreResources.ClusterRoles, Make("ClusterRole", RoleName(role), "", "", null, ("rules", Rules(role)))));

    /// <param name="namespaces">Root namespaces of the tenant.</param>
    public static IEnumerable<(GroupVersionResource Resource, JsonObject Json)> InRoot(KubeObject owner, Tenant tenant, TenantClass size, IReadOnlyList<string> namespaces)
    {
        // 1. Rights. A suspended tenant's members have none.
        if (!tenant.Suspended && tenant.Members.Count > 0)
        {
            string seeing = TenantRoleName(tenant.Name);
            yield return (CoreResources.ClusterRoles, Make(
                "ClusterRole", seeing, "", tenant.Name, owner,
                ("rules", new JsonArray((JsonNode)Rule(OrreryResources.Group, ["tenants"], ["get", "list", "watch"], tenant.Name)))));
            yield return (CoreResources.ClusterRoleBindings, Make(
                "ClusterRoleBinding", seeing, "", tenant.Name, owner, ("roleRef", Reference(seeing)), ("subjects", Subjects(tenant.Members, tenant.Name))));
            foreach (string ns in namespaces)
            {
                foreach (IGrouping<string, TenantMember> role in tenant.Members.GroupBy(m => m.Role).Where(r => TenantRoles.All.Contains(r.Key)).OrderBy(r => r.Key, StringComparer.Ordinal))
                {
                    yield return (CoreResources.RoleBindings, Make(
                        "RoleBinding", RoleName(role.Key), ns, tenant.Name, owner, ("roleRef", Reference(RoleName(role.Key))), ("subjects", Subjects(role, tenant.Name))));
                }
            }
        }

        // 2. Bounds.
        foreach (string ns in namespaces)
        {
            if (size.Quota.Count > 0)
            {
                yield return (CoreResources.ResourceQuotas, TenantGuards.ResourceQuota(tenant.Name, ns, size.Quota));
            }

            if (TenantGuards.LimitRange(tenant.Name, ns, size.Quota, size.Limits, size.Defaults) is { } limits)
            {
                yield return (CoreResources.LimitRanges, limits);
            }
        }
    }

    /// <summary>What members may do inside a virtual cluster, by the roles that every cluster has.</summary>
    public static IEnumerable<(GroupVersionResource Resource, JsonObject Json)> InVirtualCluster(Tenant tenant) =>
        from role in tenant.Members.GroupBy(m => m.Role).OrderBy(r => r.Key, StringComparer.Ordinal)
        let granted = role.Key switch { TenantRoles.Admin => "cluster-admin", TenantRoles.Developer => "edit", TenantRoles.Viewer => "view", _ => null }
        where granted is not null
        select (CoreResources.ClusterRoleBindings, Make(
            "ClusterRoleBinding", RoleName(role.Key), "", tenant.Name, null, ("roleRef", Reference(granted)), ("subjects", Subjects(role, "default"))));

    private static JsonArray Rules(string role) => role switch
    {
        TenantRoles.Admin =>
        [
            Rule(OrreryResources.Group, OwnResources, ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]),
            Rule("", ["configmaps", "secrets", "serviceaccounts"], ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]),
            Rule("", ["events", "namespaces", "resourcequotas", "limitranges"], ["get", "list", "watch"]),
            Rule(RbacGroup, ["rolebindings"], ["get", "list", "watch"]),
        ],
        TenantRoles.Developer =>
        [
            Rule(OrreryResources.Group, ["virtualclusters"], ["get", "list", "watch"]),
            Rule(OrreryResources.Group, ["installations"], ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]),
            Rule("", ["configmaps", "secrets"], ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]),
            Rule("", ["events", "namespaces", "resourcequotas", "limitranges"], ["get", "list", "watch"]),
        ],
        _ =>
        [
            Rule(OrreryResources.Group, OwnResources, ["get", "list", "watch"]),
            Rule("", ["configmaps", "events", "namespaces", "resourcequotas", "limitranges"], ["get", "list", "watch"]),
        ],
    };

    private static JsonObject Rule(string group, string[] resources, string[] verbs, string? name = null)
    {
        var rule = new JsonObject { ["apiGroups"] = OwnKinds.List([group]), ["resources"] = OwnKinds.List(resources), ["verbs"] = OwnKinds.List(verbs) };
        if (name is not null)
        {
            rule["resourceNames"] = OwnKinds.List([name]);
        }

        return rule;
    }

    private static JsonObject Reference(string clusterRole) => new() { ["apiGroup"] = RbacGroup, ["kind"] = "ClusterRole", ["name"] = clusterRole };

    private static JsonArray Subjects(IEnumerable<TenantMember> members, string usualNamespace) =>
        [.. members.Select(m => (m.Kind, m.Name, m.Namespace, Json: m.ToSubject(usualNamespace)))
            .DistinctBy(m => (m.Kind, m.Name, m.Namespace)).OrderBy(m => m.Kind, StringComparer.Ordinal).ThenBy(m => m.Name, StringComparer.Ordinal).ThenBy(m => m.Namespace, StringComparer.Ordinal)
            .Select(m => (JsonNode)m.Json)];

    /// <param name="tenant">Empty for what is no single tenant's.</param>
    private static JsonObject Make(string kind, string name, string ns, string tenant, KubeObject? owner, params ReadOnlySpan<(string Name, JsonNode Value)> parts)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (ns.Length > 0)
        {
            metadata["namespace"] = ns;
        }

        var labels = new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager };
        if (tenant.Length > 0)
        {
            labels[OrreryNames.TenantLabel] = tenant;
            labels[OrreryNames.GuardLabel] = tenant;
        }

        metadata["labels"] = labels;
        if (owner is not null)
        {
            metadata["ownerReferences"] = new JsonArray((JsonNode)OwnKinds.OwnedBy(owner));
        }

        var json = new JsonObject { ["apiVersion"] = $"{RbacGroup}/v1", ["kind"] = kind, ["metadata"] = metadata };
        foreach ((string part, JsonNode value) in parts)
        {
            json[part] = value;
        }

        return json;
    }
}
