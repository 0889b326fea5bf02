using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Simulation.Worlds;
using static Orrery.Simulation.Script.Bodies;
using static Orrery.Simulation.Script.Resources;

namespace Orrery.Simulation.Script;

/// <summary>A virtual cluster goes, another of the same name comes, and one more beside it.</summary>
internal sealed class ComeAndGoChapter(UserSteps steps, World world)
{
    public async Task RunAsync()
    {
        KubeClient root = steps.Root;
        await steps.CreateAsync(root, OrreryResources.VirtualClusters, "globex", Own("VirtualCluster", "web", "{}", """{"placement": {"selector": {"matchLabels": {"region": "us"}}}}"""));
        KubeClient web = root.InCluster(new ClusterName("globex", "web"));
        await steps.CreateAsync(web, Deployments, "default", Deployment("api", 1, "api:1"));
        await steps.PauseAsync(1, 8);
        string former = (await root.FindAsync(OrreryResources.VirtualClusters, "globex", "web", default))!.Uid;
        await steps.DeleteAsync(root, OrreryResources.VirtualClusters, "globex", "web");
        await steps.GoneAsync(root, OrreryResources.VirtualClusters, "globex", "web");
        KubeObject[] left = [.. (await root.ListAsync(OrreryResources.Works, "", null, default)).Items.Where(w => w.TextAt("spec", "source", "clusterUid") == former)];
        world.Promise(left.Length == 0, "a virtual cluster is gone once nothing of it is left in any data plane", string.Join(", ", left.Select(w => w.TextAt("spec", "source", "name"))));

        await steps.CreateAsync(root, OrreryResources.VirtualClusters, "globex", Own("VirtualCluster", "web", "{}", """{"placement": {"dataPlanes": ["beta"]}}"""));
        await steps.CreateAsync(root, OrreryResources.VirtualClusters, "globex", Own("VirtualCluster", "other", "{}", "{}"));
        await steps.CreateAsync(web, ConfigMaps, "default", ConfigMap("settings", "new"));
        await steps.CreateAsync(root.InCluster(new ClusterName("globex", "other")), Deployments, "default", Deployment("api", 1, "api:2"));
    }
}
