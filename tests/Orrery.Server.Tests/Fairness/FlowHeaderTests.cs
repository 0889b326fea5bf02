using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Server.Tests.Fairness;

/// <summary>Each answer says which FlowSchema its request matched, and which level that leads to.</summary>
public sealed class FlowHeaderTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource Schemas = new("flowcontrol.apiserver.k8s.io", "v1", "flowschemas");
    private static readonly GroupVersionResource Levels = new("flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations");

    [Theory]
    [InlineData("ann", "system:masters", "/api/v1/nodes", "exempt", "exempt")]
    [InlineData("ann", "people", "/api/v1/nodes", "global-default", "global-default")]
    [InlineData("ann", "people", "/readyz", "probes", "exempt")]
    [InlineData("system:node:n", "system:nodes", "/api/v1/nodes/n", "system-node-high", "node-high")]
    [InlineData("system:node:n", "system:nodes", "/api/v1/nodes/n/status", "system-node-high", "node-high")]
    [InlineData("system:node:n", "system:nodes", "/api/v1/namespaces/default/pods", "system-nodes", "system")]
    [InlineData("system:node:n", "system:nodes", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n", "system-node-high", "node-high")]
    [InlineData("system:kube-scheduler", "people", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/s", "system-leader-election", "leader-election")]
    [InlineData("system:kube-scheduler", "people", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases", "kube-scheduler", "workload-high")]
    [InlineData("system:serviceaccount:kube-system:x", "system:serviceaccounts", "/api/v1/pods", "kube-system-service-accounts", "workload-high")]
    [InlineData("system:serviceaccount:kube-system-not:x", "system:serviceaccounts", "/api/v1/pods", "service-accounts", "workload-low")]
    public async Task Answer_NamesWhatUpstreamWouldMatch(string user, string group, string path, string schema, string level)
    {
        // 403 for most of them: it is said all the same, since fairness comes before.
        Assert.Equal((await UidAsync(fixture.Admin, Schemas, schema), await UidAsync(fixture.Admin, Levels, level)), await HeadersAsync(user, group, path));
    }

    [Fact]
    public async Task Answer_FollowsWhatTheClusterWrites_AndNoOtherCluster()
    {
        ClusterName name = await fixture.ClusterAsync("mine");
        using KubeClient cluster = fixture.Server.AdminOf(name);
        string path = name.PathPrefix.TrimEnd('/') + "/api/v1/namespaces/default/secrets";
        (string?, string?) before = await HeadersAsync("ann", "people", path, name);

        // 1. One that leads nowhere is passed over; its level makes it hold.
        KubeObject schema = await cluster.CreateAsync(Schemas, "", Schema("later-by-name", 500, "mine"), ServerFixture.Token);
        Assert.Equal(before, await HeadersAsync("ann", "people", path, name));
        JsonObject body = ServerFixture.Named("mine");
        body["spec"] = JsonNode.Parse("""{"type":"Limited","limited":{"nominalConcurrencyShares":1,"limitResponse":{"type":"Reject"}}}""");
        KubeObject level = await cluster.CreateAsync(Levels, "", body, ServerFixture.Token);
        Assert.Equal((schema.Uid, level.Uid), await HeadersAsync("ann", "people", path, name));

        // 2. Of equal precedence the first name is taken.
        KubeObject first = await cluster.CreateAsync(Schemas, "", Schema("first-by-name", 500, "mine"), ServerFixture.Token);
        Assert.Equal((first.Uid, level.Uid), await HeadersAsync("ann", "people", path, name));

        // 3. Neither is another verb's, another namespace's, or another cluster's.
        Assert.Equal(before, await HeadersAsync("ann", "people", path.Replace("default", "kube-system", StringComparison.Ordinal), name));
        Assert.Equal(before, await HeadersAsync("ann", "people", path + "/s", name));
        Assert.Equal(before, await HeadersAsync("ann", "people", "/api/v1/namespaces/default/secrets"));

        // 4. What is deleted matches no more.
        await cluster.DeleteAsync(Schemas, "", "first-by-name", null, ServerFixture.Token);
        await cluster.DeleteAsync(Schemas, "", "later-by-name", null, ServerFixture.Token);
        Assert.Equal(before, await HeadersAsync("ann", "people", path, name));
    }

    [Fact]
    public async Task Answer_ToWhomNobodyKnows_HasNone()
    {
        using var http = new RawHttp(fixture.Server);
        using HttpResponseMessage refused = await http.SendAsync(HttpMethod.Get, "/api/v1/pods", headers: ("Authorization", "Bearer nobody"));

        Assert.Equal(401, (int)refused.StatusCode);
        Assert.False(refused.Headers.Contains("X-Kubernetes-PF-FlowSchema-UID"));
    }

    private static JsonObject Schema(string name, int precedence, string level)
    {
        JsonObject schema = ServerFixture.Named(name);
        schema["spec"] = new JsonObject
        {
            ["priorityLevelConfiguration"] = new JsonObject { ["name"] = level },
            ["matchingPrecedence"] = precedence,
            ["rules"] = JsonNode.Parse("""
                [{"subjects":[{"kind":"User","user":{"name":"ann"}}],
                  "resourceRules":[{"verbs":["list"],"apiGroups":[""],"resources":["secrets"],"namespaces":["default"]}]}]
                """),
        };
        return schema;
    }

    private async Task<(string? Schema, string? Level)> HeadersAsync(string user, string group, string path, ClusterName? cluster = null)
    {
        using var http = new RawHttp(fixture.Server);
        string token = fixture.Server.Token(user, [group, UserGroups.Authenticated], cluster ?? ClusterName.Root);
        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, path, headers: ("Authorization", "Bearer " + token));
        return (Header("X-Kubernetes-PF-FlowSchema-UID"), Header("X-Kubernetes-PF-PriorityLevel-UID"));

        string? Header(string name) => answer.Headers.TryGetValues(name, out IEnumerable<string>? values) ? Assert.Single(values) : null;
    }

    private static async Task<string> UidAsync(KubeClient client, GroupVersionResource resource, string name) => (await client.GetAsync(resource, "", name, ServerFixture.Token)).Uid;
}
