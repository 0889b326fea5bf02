using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

public sealed class SystemNamespaceRoadTests
{
    private static readonly GroupVersionResource DaemonSets = new("apps", "v1", "daemonsets");

    /// <summary>Many a manifest is written for <c>kube-system</c>: who applies one is told why nothing runs.</summary>
    [Fact]
    public async Task Workload_InANamespaceOfTheClusterItself_SaysThatItRunsNowhere()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        JsonObject logs = JsonNode.Parse("""
            {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "logs"},
             "spec": {"selector": {"matchLabels": {"app": "logs"}}, "template": {"metadata": {"labels": {"app": "logs"}}, "spec": {"containers": [{"name": "c", "image": "example.test/logs:1"}]}}}}
            """)!.AsObject();

        KubeObject made = await shop.CreateAsync(DaemonSets, "kube-system", logs, default);
        await shop.CreateAsync(DaemonSets, "default", logs.DeepClone().AsObject(), default);

        await Eventually.TrueAsync(
            async () => (await shop.ListAsync(CoreResources.Events, "kube-system", null, default)).Items is [var told]
                && (told.TextAt("type"), told.TextAt("reason"), told.TextAt("involvedObject", "uid")) == ("Warning", "NotPlaced", made.Uid)
                && told.TextAt("message") == "Nothing in namespace kube-system runs in data planes: namespaces that begin with kube- are those of the cluster itself",
            "it is told", TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(async () => (await shop.ListAsync(CoreResources.Events, "default", null, default)).Items.Any(e => e.TextAt("reason") == "Placed"), "the other is placed", TimeSpan.FromSeconds(60));
        Assert.DoesNotContain((await shop.ListAsync(CoreResources.Events, "default", null, default)).Items, e => e.TextAt("reason") == "NotPlaced");
    }
}
