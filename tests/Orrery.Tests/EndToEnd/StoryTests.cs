namespace Orrery.Tests.EndToEnd;

/// <summary>The story of the README, by hand.</summary>
[Collection(ShopCollection.Name)]
public sealed class StoryTests(Shop shop)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private const string Manifest = "examples/productpage/productpage.yaml";

    [Fact]
    public async Task Productpage_FromApplyToDelete_FollowsItsVirtualCluster()
    {
        Kubectl acme = shop.Acme;

        // Two replicas in each of three data planes.
        await acme.RunAsync($"apply -f {Manifest}");
        await acme.RunAsync("rollout status deployment/productpage --timeout=120s");
        await Eventually.EqualsAsync("6/6", ReadyAsync, Limit);
        await acme.RunAsync("wait --for=condition=Available deployment/productpage --timeout=120s");
        await Eventually.EqualsAsync("ams9-ams 2,ny8-nyc 2,pa2-par 2", PodsAsync, Limit);
        await Eventually.EqualsAsync("3 3 3", async () => string.Join(' ', (await NodesAsync()).Values), Limit);

        // Pods are on mirrored nodes of their own data plane, and are running. They are mirrored apart from the Deployment's count of the ready.
        await Eventually.EqualsAsync("Running Running Running Running Running Running", () => acme.RunAsync("get pods -l app=productpage -o jsonpath={.items[*].status.phase}"), Limit);
        string[] pods = Lines(await acme.RunAsync("get pods -l app=productpage --no-headers -o custom-columns=NAME:.metadata.name,NODE:.spec.nodeName,PHASE:.status.phase"));
        foreach (string[] pod in pods.Select(p => p.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            string dataPlane = pod[0][(pod[0].LastIndexOf('.') + 1)..];
            Assert.Equal(dataPlane, (await acme.RunAsync($"get node {pod[1]} -o 'jsonpath={{.metadata.labels.orrery\\.dev/data-plane}}'")).Trim());
            Assert.Equal("Running", pod[2]);
        }

        // Scaled: three in each.
        await acme.RunAsync("scale deployment productpage --replicas=3");
        await Eventually.EqualsAsync("9/9", ReadyAsync, Limit);

        // Narrowed: gone from ny8-nyc, in its own API too.
        await acme.RunAsync("annotate deployment productpage orrery.dev/virtual-sites=europe");
        await Eventually.EqualsAsync("6/6", ReadyAsync, Limit);
        await Eventually.EqualsAsync("ams9-ams 3,pa2-par 3", PodsAsync, Limit);
        await Eventually.EqualsAsync("", async () => await shop.DataPlane("ny8-nyc").RunAsync("get deployments -n acme-shop-default -o name"), Limit);

        // Deleted: gone everywhere.
        await acme.RunAsync($"delete -f {Manifest}");
        foreach (string dataPlane in shop.DataPlanes.Split(','))
        {
            await Eventually.EqualsAsync("", async () => await shop.DataPlane(dataPlane).RunAsync("get deployments,pods,services -n acme-shop-default -o name"), Limit);
        }

        await Eventually.EqualsAsync("", PodsAsync, Limit);
        await Eventually.EqualsAsync("", async () => await shop.Root.RunAsync("get works -A -l orrery.dev/tenant=acme -o name"), Limit);
    }

    [Fact]
    public async Task RootCluster_OrreryKinds_PrintUsefulColumns()
    {
        string output = await shop.Root.RunAsync("get dataplanes,virtualsites,tenants,virtualclusters,works -A");

        Assert.Matches(@"dataplane\.orrery\.dev/pa2-par +True +Shared", output);
        Assert.Contains("virtualsite.orrery.dev/europe", output, StringComparison.Ordinal);
        Assert.Matches(@"acme +virtualcluster\.orrery\.dev/shop", output);
    }

    private async Task<string> ReadyAsync()
    {
        string[] line = Lines(await shop.Acme.RunAsync("get deployment productpage --no-headers"))[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return line[1];
    }

    /// <summary>How many pods each data plane has, such as <c>ams9-ams 2,pa2-par 2</c>.</summary>
    private async Task<string> PodsAsync()
    {
        string[] planes = Lines(await shop.Acme.RunAsync("get pods -l app=productpage -o 'jsonpath={range .items[*]}{.metadata.labels.orrery\\.dev/data-plane}{\"\\n\"}{end}'"));
        return string.Join(',', planes.GroupBy(p => p, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Key} {g.Count()}"));
    }

    private async Task<SortedDictionary<string, int>> NodesAsync()
    {
        string[] planes = Lines(await shop.Acme.RunAsync("get nodes -o 'jsonpath={range .items[*]}{.metadata.labels.orrery\\.dev/data-plane}{\"\\n\"}{end}'"));
        return new(planes.GroupBy(p => p, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal), StringComparer.Ordinal);
    }

    private static string[] Lines(string output) => output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
