using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using static Orrery.Simulation.Script.Bodies;
using static Orrery.Simulation.Script.Resources;

namespace Orrery.Simulation.Script;

/// <summary>Data planes are cordoned, paused, drained, removed and joined again beneath a tenant, which is suspended for a while.</summary>
internal sealed class FleetChapter(UserSteps steps)
{
    public async Task RunAsync()
    {
        KubeClient root = steps.Root;
        await steps.CreateAsync(root, OrreryResources.VirtualClusters, "acme", Own("VirtualCluster", "shop", "{}", """{"placement": {"selector": {"matchLabels": {"region": "us"}}}}"""));
        KubeClient shop = root.InCluster(new ClusterName("acme", "shop"));
        await steps.CreateAsync(shop, Deployments, "default", Deployment("front", 2, "front:1"));
        await steps.CreateAsync(shop, ConfigMaps, "default", ConfigMap("settings", "a"));
        await steps.PauseAsync(1, 5);

        // 1. One takes nothing new, and the other is left as it is; neither for ever.
        await PlaneAsync(root, "gamma", """{"cordoned": true}""");
        await PlaneAsync(root, "beta", """{"paused": true}""");
        await steps.CreateAsync(shop, ConfigMaps, "default", ConfigMap("late", "a"));
        await steps.MergeAsync(shop, ConfigMaps, "default", "settings", """{"data": {"key": "b"}}""");
        await steps.MergeAsync(shop, Deployments, "default", "front", """{"spec": {"replicas": 1}}""");
        await steps.PauseAsync(0, 3);
        await PlaneAsync(root, "beta", """{"paused": null}""");
        await PlaneAsync(root, "gamma", """{"cordoned": null}""");

        // 2. Nothing of the tenant runs, and then again.
        await SuspendAsync(root, "true");
        await steps.PauseAsync(0, 4);
        await SuspendAsync(root, "null");

        // 3. One goes, and comes again under its name.
        await PlaneAsync(root, "gamma", """{"drained": true}""");
        await steps.UntilAsync(root, OrreryResources.DataPlanes, "", "gamma", d => Conditions.IsTrue(d, OrreryNames.DrainedCondition));
        await steps.DeleteAsync(root, OrreryResources.DataPlanes, "", "gamma");
        await steps.GoneAsync(root, OrreryResources.DataPlanes, "", "gamma");
        await steps.MergeAsync(shop, ConfigMaps, "default", "settings", """{"data": {"key": "c"}}""");
        await steps.DeleteAsync(shop, ConfigMaps, "default", "late");
        await steps.CreateAsync(root, OrreryResources.DataPlanes, "", Own("DataPlane", "gamma", """{"region": "us"}""", "{}"));
    }

    private Task PlaneAsync(KubeClient root, string plane, string spec) => steps.MergeAsync(root, OrreryResources.DataPlanes, "", plane, $$"""{"spec": {{spec}} }""");

    private Task SuspendAsync(KubeClient root, string value) => steps.MergeAsync(root, OrreryResources.Tenants, "", "acme", $$"""{"spec": {"suspended": {{value}} } }""");
}
