using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using static Orrery.Simulation.Script.Bodies;
using static Orrery.Simulation.Script.Resources;

namespace Orrery.Simulation.Script;

/// <summary>A virtual cluster goes, another of the same name comes, and one more beside it.</summary>
internal sealed class ComeAndGoChapter(UserSteps steps)
{
    public async Task RunAsync()
    {
        KubeClient root = steps.Root;
        await steps.CreateAsync(root, OrreryResources.VirtualClusters, "globex", Own("VirtualCluster", "web", "{}", """{"placement": {"selector": {"matchLabels": {"region": "us"}}}}"""));
        KubeClient web = root.InCluster(new ClusterName("globex", "web"));
        await steps.CreateAsync(web, Deployments, "default", Deployment("api", 1, "api:1"));
        await steps.PauseAsync(1, 8);
        await steps.DeleteAsync(root, OrreryResources.VirtualClusters, "globex", "web");
        await steps.GoneAsync(root, OrreryResources.VirtualClusters, "globex", "web");
        await steps.CreateAsync(root, OrreryResources.VirtualClusters, "globex", Own("VirtualCluster", "web", "{}", """{"placement": {"dataPlanes": ["beta"]}}"""));
        await steps.CreateAsync(root, OrreryResources.VirtualClusters, "globex", Own("VirtualCluster", "other", "{}", "{}"));
        await steps.CreateAsync(web, ConfigMaps, "default", ConfigMap("settings", "new"));
        await steps.CreateAsync(root.InCluster(new ClusterName("globex", "other")), Deployments, "default", Deployment("api", 1, "api:2"));
    }
}
