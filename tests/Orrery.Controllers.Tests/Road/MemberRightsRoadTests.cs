using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What members of a tenant may do, asked by themselves of the servers: every role, in root and in its virtual cluster, and nothing of another tenant's.</summary>
public sealed class MemberRightsRoadTests
{
    private static readonly GroupVersionResource Reviews = new("authorization.k8s.io", "v1", "selfsubjectaccessreviews");
    private static readonly ClusterName Globex = new("globex", "web");

    /// <summary>In the tenant's root namespace: verb, group, resource, and of admin, developer and viewer who may.</summary>
    private static readonly (string Verb, string Group, string Resource, string Roles)[] InRoot =
    [
        ("create", "orrery.dev", "installations", "AD-"),
        ("update", "orrery.dev", "installations", "AD-"),
        ("delete", "orrery.dev", "installations", "AD-"),
        ("list", "orrery.dev", "installations", "ADV"),
        ("create", "orrery.dev", "virtualclusters", "A--"),
        ("delete", "orrery.dev", "virtualclusters", "A--"),
        ("get", "orrery.dev", "virtualclusters", "ADV"),
        ("get", "", "secrets", "AD-"),
        ("create", "", "secrets", "AD-"),
        ("create", "", "configmaps", "AD-"),
        ("get", "", "configmaps", "ADV"),
        ("list", "", "events", "ADV"),
        ("create", "", "serviceaccounts", "A--"),
        ("list", "", "resourcequotas", "ADV"),
        ("delete", "", "resourcequotas", "---"),
        ("update", "", "limitranges", "---"),
        ("create", "rbac.authorization.k8s.io", "rolebindings", "---"),
        ("create", "", "pods", "---"),
    ];

    /// <summary>In namespace default of its virtual cluster.</summary>
    private static readonly (string Verb, string Group, string Resource, string Roles)[] InVirtualCluster =
    [
        ("create", "apps", "deployments", "AD-"),
        ("get", "apps", "deployments", "ADV"),
        ("get", "", "secrets", "AD-"),
        ("create", "", "pods/exec", "AD-"),
        ("get", "", "pods/log", "ADV"),
        ("create", "rbac.authorization.k8s.io", "rolebindings", "A--"),
        ("create", "", "namespaces", "A--"),
        ("create", "apiextensions.k8s.io", "customresourcedefinitions", "A--"),
    ];

    /// <summary>Cluster-wide in root: the vendor's business.</summary>
    private static readonly (string Verb, string Group, string Resource)[] NobodyInRoot =
    [
        ("list", "orrery.dev", "tenants"), ("update", "orrery.dev", "tenants"), ("list", "orrery.dev", "dataplanes"), ("get", "orrery.dev", "tenantclasses"), ("create", "orrery.dev", "releases"),
        ("list", "orrery.dev", "works"), ("list", "", "namespaces"), ("list", "", "secrets"), ("impersonate", "", "users"), ("get", "orrery.dev", "tenantusages"),
    ];

    [Fact]
    public async Task Members_OfEachRole_MayDoWhatTheirRoleSaysAndNothingOfOthers()
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await fleet.AddVirtualClusterAsync(TestFleet.Shop);
        await fleet.AddVirtualClusterAsync(Globex);
        await fleet.Root.PatchAsync(OrreryResources.Tenants, "", "acme", PatchKind.Merge, Json("""
            {"spec": {"members": [{"kind": "User", "name": "ada", "role": "admin"}, {"kind": "User", "name": "dev", "role": "developer"}, {"kind": "Group", "name": "watchers", "role": "viewer"}]}}
            """), default);
        await fleet.Root.PatchAsync(OrreryResources.Tenants, "", "globex", PatchKind.Merge, Json("""{"spec": {"members": [{"kind": "User", "name": "other", "role": "admin"}]}}"""), default);
        (string Name, string Group)[] members = [("ada", ""), ("dev", ""), ("vic", "watchers")];
        foreach ((string name, string group) in members)
        {
            await Eventually.TrueAsync(async () => await MayAsync(fleet, name, group, ClusterName.Root, "get", "orrery.dev", "virtualclusters", "acme"), $"{name} is let in at root");
            await Eventually.TrueAsync(async () => await MayAsync(fleet, name, group, TestFleet.Shop, "get", "apps", "deployments", "default"), $"{name} is let in");
        }

        await Eventually.TrueAsync(async () => await MayAsync(fleet, "other", "", Globex, "get", "apps", "deployments", "default"), "other is let in");

        var wrong = new List<string>();
        foreach (((string name, string group), int at) in members.Select((m, i) => (m, i)))
        {
            foreach ((ClusterName cluster, string ns, var rows) in new[] { (ClusterName.Root, "acme", InRoot), (TestFleet.Shop, "default", InVirtualCluster) })
            {
                foreach ((string verb, string apiGroup, string resource, string roles) in rows)
                {
                    await ExpectAsync(fleet, wrong, name, group, cluster, verb, apiGroup, resource, ns, roles[at] != '-');
                }
            }

            foreach ((string verb, string apiGroup, string resource) in NobodyInRoot)
            {
                await ExpectAsync(fleet, wrong, name, group, ClusterName.Root, verb, apiGroup, resource, "", false);
            }

            // Another tenant's, and the data planes'.
            foreach (string ns in (string[])["globex", "default", "kube-system"])
            {
                await ExpectAsync(fleet, wrong, name, group, ClusterName.Root, "list", "orrery.dev", "installations", ns, false);
                await ExpectAsync(fleet, wrong, name, group, ClusterName.Root, "get", "", "secrets", ns, false);
            }

            await ExpectAsync(fleet, wrong, name, group, Globex, "get", "apps", "deployments", "default", false);
        }

        Assert.Equal([], wrong);
    }

    private static async Task ExpectAsync(
        TestFleet fleet, List<string> wrong, string name, string group, ClusterName cluster, string verb, string apiGroup, string resource, string ns, bool may)
    {
        if (await MayAsync(fleet, name, group, cluster, verb, apiGroup, resource, ns) != may)
        {
            wrong.Add($"{name} {(may ? "may not" : "may")} {verb} {resource} of '{apiGroup}' in '{ns}' of {(cluster.IsRoot ? "root" : cluster)}");
        }
    }

    private static async Task<bool> MayAsync(TestFleet fleet, string name, string group, ClusterName cluster, string verb, string apiGroup, string resource, string ns)
    {
        using var member = new KubeClient(fleet.ControlPlane.Config(token: fleet.ControlPlane.Token(name, group.Length > 0 ? [group] : [], cluster), cluster: cluster));
        string[] parts = resource.Split('/');
        var attributes = new JsonObject { ["verb"] = verb, ["group"] = apiGroup, ["resource"] = parts[0], ["namespace"] = ns };
        if (parts.Length > 1)
        {
            attributes["subresource"] = parts[1];
        }

        KubeObject answer = await member.CreateAsync(
            Reviews, "", new JsonObject { ["apiVersion"] = "authorization.k8s.io/v1", ["kind"] = "SelfSubjectAccessReview", ["spec"] = new JsonObject { ["resourceAttributes"] = attributes } }, default);
        return answer.At("status", "allowed")?.GetBoolean() == true;
    }

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
