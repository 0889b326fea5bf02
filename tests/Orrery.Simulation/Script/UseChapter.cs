using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using static Orrery.Simulation.Script.Bodies;
using static Orrery.Simulation.Script.Resources;

namespace Orrery.Simulation.Script;

/// <summary>A tenant applies, changes and deletes, its virtual cluster moves, and somebody meddles in its data planes.</summary>
internal sealed class UseChapter(UserSteps steps)
{
    private const string Mapped = "acme-shop-default";

    /// <summary>Where the namespace that goes and comes is in a data plane.</summary>
    public const string Scratch = "acme-shop-scratch";

    /// <summary>What is written into it once it has come again.</summary>
    public const string Anew = "anew";

    public async Task RunAsync()
    {
        KubeClient root = steps.Root;
        await steps.CreateAsync(root, OrreryResources.VirtualClusters, "acme", Own("VirtualCluster", "shop", "{}", """{"placement": {"dataPlanes": ["alpha", "beta"]}}"""));
        KubeClient shop = root.InCluster(new ClusterName("acme", "shop"));
        await steps.CreateAsync(shop, Deployments, "default", Deployment("front", 2, "front:1"));
        await steps.CreateAsync(shop, Services, "default", Service("front"));
        await steps.CreateAsync(shop, ConfigMaps, "default", ConfigMap("settings", "a"));
        await steps.CreateAsync(shop, ConfigMaps, "default", ConfigMap("obsolete", "a"));
        await steps.CreateAsync(shop, Namespaces, "", Named("v1", "Namespace", "scratch"));
        await steps.CreateAsync(shop, ConfigMaps, "scratch", ConfigMap("notes", "a"));
        await steps.PauseAsync(2, 6);
        await steps.MergeAsync(shop, Deployments, "default", "front", """{"spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "main", "image": "front:2"}]}}}}""");
        await steps.CreateAsync(shop, Jobs, "default", Job("migrate"));

        // One change on the heels of the other: the last one counts.
        for (int i = 0; i < 8; i++)
        {
            await steps.MergeAtOnceAsync(shop, ConfigMaps, "default", "settings", $$"""{"data": {"key": "b{{i}}"} }""");
            await steps.PauseAsync(0, 0.02);
        }

        await steps.DeleteAsync(shop, ConfigMaps, "default", "obsolete");
        await steps.MergeAsync(root, OrreryResources.VirtualClusters, "acme", "shop", """{"spec": {"placement": {"dataPlanes": ["beta", "gamma"]}}}""");
        await steps.CreateAsync(shop, StatefulSets, "default", StatefulSet("db"));
        await steps.PauseAsync(1, 4);

        // Somebody meddles with what runs in the data planes, and with the Works: of what has a status, which others write, and of what has none.
        await steps.DeleteAsync(steps.In("beta"), ConfigMaps, Mapped, "settings");
        await steps.MergeAsync(steps.In("gamma"), Deployments, Mapped, "front", """{"spec": {"replicas": 1}}""");
        foreach (KubeObject work in (await root.ListAsync(OrreryResources.Works, "dp-beta", null, default)).Items.Where(w => w.TextAt("spec", "source", "name") is "front" or "settings"))
        {
            await steps.DeleteAsync(root, OrreryResources.Works, work.Namespace, work.Name);
        }

        // A namespace goes and one of the same name comes: what was left in the former is not met by the latter.
        await steps.CreateAsync(steps.In("beta"), ConfigMaps, Scratch, ConfigMap("left", "by somebody"));
        await steps.DeleteAsync(shop, Namespaces, "", "scratch");
        await steps.CreateAsync(shop, Namespaces, "", Named("v1", "Namespace", "scratch"));
        await steps.CreateAsync(shop, ConfigMaps, "scratch", ConfigMap("notes", Anew));
    }
}
