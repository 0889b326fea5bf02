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

    /// <summary>The same for every data plane, so made once; they are read by many at once and belong to no object.</summary>
    private static readonly JsonArray RulesByTunnel = NamespaceRules(renewsLease: false), RulesByLease = NamespaceRules(renewsLease: true);

    /// <summary>The objects that grant it.</summary>
    /// <param name="renewsLease">Whether it says by a Lease that it lives, as no server takes its tunnel.</param>
    public static IEnumerable<SatelliteGrant> Objects(KubeObject dataPlane, bool renewsLease)
    {
        string ns = OrreryNames.DataPlaneNamespace(dataPlane.Name);
        string clusterRole = ClusterRoleName(dataPlane.Name);
        yield return new(CoreResources.Roles, "Role", ns, RoleName) { Rules = renewsLease ? RulesByLease : RulesByTunnel };
        yield return new(CoreResources.RoleBindings, "RoleBinding", ns, RoleName) { RoleRef = Reference("Role", RoleName), Subjects = Subjects(dataPlane) };
        yield return new(CoreResources.ClusterRoles, "ClusterRole", "", clusterRole) { Rules = OwnRules(dataPlane.Name) };
        yield return new(CoreResources.ClusterRoleBindings, "ClusterRoleBinding", "", clusterRole) { RoleRef = Reference("ClusterRole", clusterRole), Subjects = Subjects(dataPlane) };
        string join = JoinRoleName(dataPlane.Name);
        yield return new(CoreResources.ClusterRoles, "ClusterRole", "", join) { Rules = JoinRules(dataPlane.Name) };
        yield return new(CoreResources.ClusterRoleBindings, "ClusterRoleBinding", "", join) { RoleRef = Reference("ClusterRole", join), Subjects = JoinSubjects(dataPlane) };
    }

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
}
