using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Server.Tests.Fairness;

public sealed class FlowControlTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource Schemas = new("flowcontrol.apiserver.k8s.io", "v1", "flowschemas");
    private static readonly GroupVersionResource Levels = new("flowcontrol.apiserver.k8s.io", "v1", "prioritylevelconfigurations");

    [Fact]
    public async Task List_FreshServer_ShowsWhatUpstreamBeginsWith()
    {
        KubeList schemas = await fixture.Admin.ListAsync(Schemas, "", null, ServerFixture.Token);
        KubeList levels = await fixture.Admin.ListAsync(Levels, "", null, ServerFixture.Token);

        Assert.Equal(
            ["catch-all", "endpoint-controller", "exempt", "global-default", "kube-controller-manager", "kube-scheduler", "kube-system-service-accounts", "probes",
                "service-accounts", "system-leader-election", "system-node-high", "system-nodes", "workload-leader-election"],
            schemas.Items.Select(s => s.Name));
        Assert.Equal(
            ["catch-all", "exempt", "global-default", "leader-election", "node-high", "system", "workload-high", "workload-low"],
            levels.Items.Select(l => l.Name));

        // Each schema leads to a level that is there.
        Assert.Empty(schemas.Items.Select(s => s.TextAt("spec", "priorityLevelConfiguration", "name")).Except(levels.Items.Select(l => l.Name)));
    }

    [Fact]
    public async Task Create_AFlowSchema_IsNotOffered()
    {
        JsonObject body = ServerFixture.Named("mine");

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.CreateAsync(Schemas, "", body, ServerFixture.Token));

        Assert.Equal(405, refused.Code);
    }
}
