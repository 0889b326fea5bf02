using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.DataPlanes;

/// <summary>
/// All that a satellite may do in the control plane: what stands in its own namespace, and its own DataPlane. It cannot see another
/// data plane, nor any virtual cluster.
/// </summary>
internal static class SatelliteAccess
{
    public const string RoleName = "satellite";

    public static string ClusterRoleName(string dataPlane) => OrreryNames.SatelliteUser(dataPlane);

    /// <summary>Of the role to ask for a certificate and to fetch it, which who joins has too.</summary>
    public static string JoinRoleName(string dataPlane) => OrreryNames.SatelliteUser(dataPlane) + ":join";

    /// <summary>The objects that grant it, with the resource that each is of.</summary>
    /// <param name="renewsLease">Whether it says by a Lease that it lives, as no server takes its tunnel.</param>
    public static IEnumerable<(GroupVersionResource Resource, JsonObject Json)> Objects(KubeObject dataPlane, bool renewsLease)
    {
        string ns = OrreryNames.DataPlaneNamespace(dataPlane.Name);
        string clusterRole = ClusterRoleName(dataPlane.Name);
        yield return (CoreResources.Roles, Make("Role", RoleName, ns, dataPlane, ("rules", NamespaceRules(renewsLease))));
        yield return (CoreResources.RoleBindings, Make("RoleBinding", RoleName, ns, dataPlane, ("roleRef", Reference("Role", RoleName)), ("subjects", Subjects(dataPlane))));
        yield return (CoreResources.ClusterRoles, Make("ClusterRole", clusterRole, "", dataPlane, ("rules", OwnRules(dataPlane.Name))));
        yield return (CoreResources.ClusterRoleBindings, Make("ClusterRoleBinding", clusterRole, "", dataPlane, ("roleRef", Reference("ClusterRole", clusterRole)), ("subjects", Subjects(dataPlane))));
        string join = JoinRoleName(dataPlane.Name);
        yield return (CoreResources.ClusterRoles, Make("ClusterRole", join, "", dataPlane, ("rules", JoinRules(dataPlane.Name))));
        yield return (CoreResources.ClusterRoleBindings, Make("ClusterRoleBinding", join, "", dataPlane, ("roleRef", Reference("ClusterRole", join)), ("subjects", JoinSubjects(dataPlane))));
    }

    /// <summary>Whether an existing object grants exactly this.</summary>
    public static bool IsSame(KubeObject existing, JsonObject wanted) =>
        ((ReadOnlySpan<string>)["rules", "roleRef", "subjects"]).ToArray()
        .All(part => JsonComparison.IsSame(existing.At(part), wanted[part]));

    private static JsonArray NamespaceRules(bool renewsLease) =>
    [
        Rule(OrreryResources.Group, ["works"], ["get", "list", "watch"]),
        Rule(OrreryResources.Group, ["tenancies"], ["get", "list", "watch"]),
        Rule(OrreryResources.Group, ["tenancies/status"], ["get", "patch", "update"]),
        Rule(OrreryResources.Group, ["works/status"], ["get", "patch", "update"]),
        Rule(OrreryResources.Group, ["observations"], ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]),
        Rule("", ["events"], ["create", "get", "list", "patch", "update"]),
        Rule("", ["configmaps"], ["get"], JoinNames.AuthoritiesConfigMap),
        .. !renewsLease ? (ReadOnlySpan<JsonNode>)[] :
        [
            Rule("coordination.k8s.io", ["leases"], ["create"]),
            Rule("coordination.k8s.io", ["leases"], ["get", "patch", "update"], OrreryNames.TunnelLease),
        ],
    ];

    /// <summary>
    /// Requests are found by their name alone, which is made from a key that nobody else knows. Which one of its name the data plane is, is read from itself.
    /// </summary>
    private static JsonArray JoinRules(string dataPlane) =>
    [
        Rule("certificates.k8s.io", ["certificatesigningrequests"], ["create", "get"]),
        Rule(OrreryResources.Group, ["dataplanes"], ["get"], dataPlane),
    ];

    private static JsonArray OwnRules(string dataPlane) =>
    [
        Rule(OrreryResources.Group, ["dataplanes"], ["get", "list", "watch"], dataPlane),
        Rule(OrreryResources.Group, ["dataplanes/status"], ["get", "patch", "update"], dataPlane),
        Rule(OrreryResources.Group, ["dataplanes/tunnel"], ["get"], dataPlane),
    ];

    private static JsonObject Rule(string group, string[] resources, string[] verbs, string? name = null)
    {
        var rule = new JsonObject
        {
            ["apiGroups"] = OwnKinds.List([group]),
            ["resources"] = OwnKinds.List(resources),
            ["verbs"] = OwnKinds.List(verbs),
        };
        if (name is not null)
        {
            rule["resourceNames"] = OwnKinds.List([name]);
        }

        return rule;
    }

    private static JsonObject Reference(string kind, string name) =>
        new() { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = kind, ["name"] = name };

    /// <summary>The satellite that this very DataPlane let in, and what the operator issued by hand for its name. A former one is nobody.</summary>
    private static JsonArray Subjects(KubeObject dataPlane) => [.. Names(dataPlane).Select(n => (JsonNode)Subject("User", n.ToString()))];

    private static JsonArray JoinSubjects(KubeObject dataPlane) =>
    [
        .. Names(dataPlane).Select(n => (JsonNode)Subject("User", n.ToString())),
        .. Names(dataPlane).Select(n => (JsonNode)Subject("User", JoinNames.ExpiredUser(n))),
        Subject("Group", "system:serviceaccounts:" + OrreryNames.DataPlaneNamespace(dataPlane.Name)),
    ];

    private static SatelliteUserName[] Names(KubeObject dataPlane) => [SatelliteUserName.Of(dataPlane), new SatelliteUserName(dataPlane.Name, null)];

    private static JsonObject Subject(string kind, string name) => new() { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = kind, ["name"] = name };

    private static JsonObject Make(string kind, string name, string ns, KubeObject dataPlane, params (string Name, JsonNode Value)[] parts)
    {
        var metadata = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager, [OrreryNames.DataPlaneLabel] = dataPlane.Name },
            ["ownerReferences"] = new JsonArray(OwnKinds.OwnedBy(dataPlane)),
        };
        if (ns.Length > 0)
        {
            metadata["namespace"] = ns;
        }

        var json = new JsonObject { ["apiVersion"] = "rbac.authorization.k8s.io/v1", ["kind"] = kind, ["metadata"] = metadata };
        foreach ((string part, JsonNode value) in parts)
        {
            json[part] = value;
        }

        return json;
    }
}
