using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Storage.Memory;
using Orrery.Testing;

namespace Orrery.Server.Tests.Authorization;

/// <summary>What a start does about the roles that every cluster begins with.</summary>
public sealed class BootstrapRoleTests
{
    private static readonly GroupVersionResource Roles = new("rbac.authorization.k8s.io", "v1", "clusterroles");
    private static readonly GroupVersionResource Bindings = new("rbac.authorization.k8s.io", "v1", "clusterrolebindings");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_RestoresWhatIsMissing_AndLeavesTheRest(bool isVirtual)
    {
        await using var store = new MemoryStore(TimeProvider.System);
        var cluster = isVirtual ? new ClusterName("default", "shop") : ClusterName.Root;
        string[] before;
        await using (TestServer first = await TestServer.StartAsync(new TestServerOptions { Store = store }, Cancel))
        {
            await first.Admin.CreateAsync(OrreryResources.LogicalClusters, "default", ServerFixture.Named("shop"), Cancel);
            using KubeClient admin = first.AdminOf(cluster);
            before = await NamesAsync(admin);

            // 1. A role and a binding gone; a role that grants less and more; a binding to nobody; one that is to stay as it is.
            await admin.DeleteAsync(Roles, "", "system:basic-user", null, Cancel);
            await admin.DeleteAsync(Bindings, "", "system:discovery", null, Cancel);
            await ChangeAsync(admin, Roles, "system:kube-scheduler", json => json["rules"] = JsonNode.Parse("""[{"verbs":["get"],"apiGroups":["example.com"],"resources":["extras"]}]"""));
            await ChangeAsync(admin, Bindings, "cluster-admin", json => json["subjects"] = JsonNode.Parse("""[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"also"}]"""));
            await ChangeAsync(admin, Roles, "system:node-proxier", json =>
            {
                json["rules"] = new JsonArray();
                json.Metadata.ObjectAt("annotations")["rbac.authorization.kubernetes.io/autoupdate"] = "false";
            });
        }

        await using TestServer second = await TestServer.StartAsync(new TestServerOptions { Store = store }, Cancel);
        using KubeClient after = second.AdminOf(cluster);

        Assert.Equal(before, await NamesAsync(after));
        JsonObject scheduler = (await after.GetAsync(Roles, "", "system:kube-scheduler", Cancel)).ToJsonObject();
        Assert.Equal("extras", scheduler["rules"]![0]!["resources"]![0]!.GetValue<string>());
        Assert.Contains("\"bindings\"", scheduler["rules"]!.ToJsonString().Replace("pods/binding", "bindings", StringComparison.Ordinal));
        Assert.Equal(["also", "system:masters"], (await after.GetAsync(Bindings, "", "cluster-admin", Cancel)).ToJsonObject()["subjects"]!.AsArray().Select(s => s!["name"]!.GetValue<string>()).Order());
        Assert.Empty((await after.GetAsync(Roles, "", "system:node-proxier", Cancel)).ToJsonObject()["rules"]?.AsArray() ?? []);
    }

    private static async Task ChangeAsync(KubeClient admin, GroupVersionResource resource, string name, Action<JsonObject> change)
    {
        JsonObject json = (await admin.GetAsync(resource, "", name, Cancel)).ToJsonObject();
        change(json);
        await admin.UpdateAsync(resource, "", name, json, Cancel);
    }

    private static async Task<string[]> NamesAsync(KubeClient admin) =>
        [.. (await admin.ListAsync(Roles, "", null, Cancel)).Items.Concat((await admin.ListAsync(Bindings, "", null, Cancel)).Items).Select(i => $"{i.Name} {i.Uid}")];
}
