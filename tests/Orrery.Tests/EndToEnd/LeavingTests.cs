using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Testing;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>What a tenant's developer sees of a data plane that joined by hand: all that is there while it is there, and nothing once it has left.</summary>
[Collection(VendorCollection.Name)]
public sealed class LeavingTests(Vendor vendor)
{
    private const string Name = "leaver";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    [Fact]
    public async Task DataPlane_ThatTheTenantMovesFromAndThatIsDeleted_LeavesNothingInTheVirtualCluster()
    {
        Kubectl.Require();
        using var folder = new TempDirectory();
        int port = FreePort.Take();
        using Process cluster = Process.Start(new ProcessStartInfo(
            StandIn.Program, ["simulate", Name, "--folder", folder.Path, "--port", port.ToString(CultureInfo.InvariantCulture), "--nodes", "2"]) { RedirectStandardOutput = true })!;
        try
        {
            await RunAsync(new Kubectl(folder.File("kubeconfig")));
        }
        finally
        {
            ProcessSignals.Kill(cluster);
        }
    }

    private async Task RunAsync(Kubectl there)
    {
        await Eventually.HoldsAsync(async () => File.Exists(there.Kubeconfig) && (await there.TryAsync("get --raw /readyz")).ExitCode == 0, Limit);
        await there.RunAsync("apply -f -", (await vendor.OrreryAsync("data-plane", "add", Name)).Succeeded());
        using SatelliteProcess satellite = SatelliteProcess.Start(Name, there.Kubeconfig);
        await vendor.Root.RunAsync($"wait --for=condition=Ready dataplane/{Name} --timeout=120s");
        await vendor.Root.RunAsync("create namespace moving");
        await vendor.Root.RunAsync("label namespace moving orrery.dev/tenant=moving");
        await vendor.Root.RunAsync("apply -f -", """{"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "moving"}, "spec": {} }""");
        await PlaceAsync(Name);
        await vendor.Root.RunAsync("wait --for=condition=Ready virtualcluster/home -n moving --timeout=120s");
        Kubectl home = await vendor.VirtualClusterAsync("moving/home");

        // 1. All that is there is shown, each pod's states in their order.
        using Process watch = Process.Start(new ProcessStartInfo("kubectl", ["get", "pods", "-w", "-o", "jsonpath={.metadata.name} {.status.phase}{\"\\n\"}"])
        {
            RedirectStandardOutput = true, Environment = { ["KUBECONFIG"] = home.Kubeconfig },
        })!;
        Task<string> watched = watch.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        try
        {
            await home.RunAsync("apply -f -", """
                {"apiVersion": "v1", "kind": "List", "items": [
                 {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"},
                  "spec": {"replicas": 2, "serviceName": "db", "selector": {"matchLabels": {"app": "db"} },
                           "template": {"metadata": {"labels": {"app": "db"} }, "spec": {"containers": [{"name": "db", "image": "db:1"}]} },
                           "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"} } } }]} },
                 {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db"}, "spec": {"selector": {"app": "db"}, "ports": [{"port": 80}]} }]}
                """);
            await home.RunAsync("rollout status statefulset/db --timeout=120s");
            string all = $"node/{Name}-node-1 node/{Name}-node-2 persistentvolumeclaim/data-db-0.{Name} persistentvolumeclaim/data-db-1.{Name} pod/db-0.{Name} pod/db-1.{Name}";
            await Eventually.EqualsAsync(all, () => NamesAsync(home, "nodes,persistentvolumeclaims,pods"), Limit);
            await Eventually.EqualsAsync("2 of 2", () => EndpointsAsync(home), Limit);
            await Eventually.HoldsAsync(async () => await EventsAsync(there, "moving-home-default", "") is { Count: > 0 } said && said.IsSubsetOf(await EventsAsync(home, "default", "." + Name)), Limit);
        }
        finally
        {
            ProcessSignals.Kill(watch);
        }

        string[] states = (await watched).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string pod in (string[])[$"db-0.{Name}", $"db-1.{Name}"])
        {
            string[] its = [.. states.Where(s => s.StartsWith(pod + " ", StringComparison.Ordinal)).Select(s => s[(pod.Length + 1)..])];
            Assert.NotEmpty(its);
            Assert.Equal(its.OrderBy(s => s == "Pending" ? 0 : 1), its);
            Assert.Equal("Running", its[^1]);
        }

        // 2. Its tenant moves away: what stood for it goes but for the claims of its StatefulSet, which hold data.
        await PlaceAsync("solo");
        await Eventually.EqualsAsync($"persistentvolumeclaim/data-db-0.{Name} persistentvolumeclaim/data-db-1.{Name}", () => NamesAsync(home, "nodes,persistentvolumeclaims,pods", "." + Name, Name + "-"), Limit);
        await Eventually.EqualsAsync("pod/db-0.solo pod/db-1.solo", () => NamesAsync(home, "pods"), Limit);
        await Eventually.EqualsAsync("2 of 2", () => EndpointsAsync(home), Limit);

        // 3. It is deleted: so do those, in the virtual cluster and in itself.
        (await vendor.OrreryAsync("data-plane", "delete", Name)).Succeeded();
        await Eventually.EqualsAsync("", () => NamesAsync(home, "nodes,persistentvolumeclaims,pods,endpointslices", "." + Name, Name + "-"), Limit);
        await Eventually.EqualsAsync("", () => there.RunAsync("get namespaces -l app.kubernetes.io/managed-by=orrery -o name"), Limit);
        Assert.NotEqual(0, (await vendor.Root.TryAsync($"get namespace dp-{Name}")).ExitCode);
        Assert.Equal("pod/db-0.solo pod/db-1.solo", await NamesAsync(home, "pods"));
        await vendor.Root.RunAsync("delete virtualcluster home -n moving --timeout=120s");
    }

    private Task PlaceAsync(string dataPlane) => vendor.Root.RunAsync("apply -f -", $$$"""
        {"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "home", "namespace": "moving"}, "spec": {"placement": {"dataPlanes": ["{{{dataPlane}}}"]} } }
        """);

    /// <summary>In order; only those that hold one of these parts, where any is given.</summary>
    private static async Task<string> NamesAsync(Kubectl kubectl, string resources, params string[] parts) => string.Join(' ',
        (await kubectl.RunAsync($"get {resources} -o name")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(n => parts.Length == 0 || parts.Any(p => n.Contains(p, StringComparison.Ordinal))).Order(StringComparer.Ordinal));

    /// <summary>How many addresses behind the Service are ready, of how many.</summary>
    private static async Task<string> EndpointsAsync(Kubectl home)
    {
        string[] ready = (await home.RunAsync("get endpointslices -l kubernetes.io/service-name=db -o jsonpath={.items[*].endpoints[*].conditions.ready}")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return $"{ready.Count(r => r == "true")} of {ready.Length}";
    }

    /// <summary>What was said of pods, with their names as they are there.</summary>
    /// <param name="suffix">What the name of each is to have behind it, and loses.</param>
    private static async Task<HashSet<string>> EventsAsync(Kubectl kubectl, string ns, string suffix) =>
        [.. JsonNode.Parse(await kubectl.RunAsync($"get events -n {ns} -o json"))!["items"]!.AsArray()
            .Where(e => (string?)e!["involvedObject"]!["kind"] == "Pod" && ((string)e["involvedObject"]!["name"]!).EndsWith(suffix, StringComparison.Ordinal))
            .Select(e => $"{(string)e!["involvedObject"]!["name"]!} {(string?)e["reason"]}").Select(s => suffix.Length > 0 ? s.Replace(suffix + " ", " ", StringComparison.Ordinal) : s)];
}
