using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Simulation.Worlds;
using static Orrery.Simulation.Script.Bodies;
using static Orrery.Simulation.Script.Resources;

namespace Orrery.Simulation.Script;

/// <summary>A tenant with machines of its own gets another size, back again, and once more; its disruption budget holds all the while.</summary>
internal sealed class SizeChapter(UserSteps steps, World world)
{
    private const string Mapped = "globex-web-default";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public async Task RunAsync()
    {
        // 1. Machines of two kinds, two sizes, and a tenant of the smaller.
        KubeClient root = steps.Root;
        await steps.MergeAsync(steps.In("gamma"), Nodes, "", "gamma-node-1", """{"metadata": {"labels": {"pool": "small"}}}""");
        await steps.MergeAsync(steps.In("gamma"), Nodes, "", "gamma-node-2", """{"metadata": {"labels": {"pool": "large"}}}""");
        await steps.MergeAsync(steps.In("gamma"), Nodes, "", "gamma-node-3", """{"metadata": {"labels": {"pool": "large"}}}""");
        await steps.CreateAsync(root, OrreryResources.TenantClasses, "", Class("small", machines: 1, pods: 10));
        await steps.CreateAsync(root, OrreryResources.TenantClasses, "", Class("large", machines: 2, pods: 20));
        await steps.MergeAsync(root, OrreryResources.Tenants, "", "globex", """{"spec": {"class": "small", "isolation": {"machine": {"enabled": true}}}}""");
        await steps.CreateAsync(root, OrreryResources.VirtualClusters, "globex", Own("VirtualCluster", "web", "{}", """{"placement": {"dataPlanes": ["gamma"]}}"""));
        KubeClient web = root.InCluster(new ClusterName("globex", "web"));
        await steps.CreateAsync(web, DisruptionBudgets, "default", Budget("api"));
        await steps.CreateAsync(web, Deployments, "default", Deployment("api", 2, "api:1"));
        await steps.UntilAsync(web, Deployments, "default", "api", d => d.NumberAt("status", "readyReplicas") == 2);

        // 2. The size changes, is taken back midway, and changes again; so does what the size is.
        bool isOver = false;
        Task watch = WatchAsync(() => isOver);
        await ClassAsync(root, "large");
        await steps.PauseAsync(0, 4);
        await ClassAsync(root, "small");
        await steps.PauseAsync(0, 4);
        await ClassAsync(root, "large");
        await steps.MergeAsync(root, OrreryResources.TenantClasses, "", "large", """{"spec": {"quota": {"pods": "30"}}}""");
        await steps.UntilAsync(root, OrreryResources.Tenancies, "dp-gamma", "globex", t => t.TextAt("status", "class") == "large");
        isOver = true;
        await watch;
    }

    /// <summary>At no moment are there fewer than the budget allows.</summary>
    private async Task WatchAsync(Func<bool> isOver)
    {
        KubeClient gamma = steps.In("gamma");
        while (!isOver())
        {
            int ready = (await gamma.ListAsync(Pods, Mapped, null, default)).Items.Count(p => !p.IsDeleting && Conditions.IsTrue(p, "Ready"));
            world.Promise(ready >= 1, "a tenant's disruption budget holds while its machines change", $"{ready} pods are ready");
            await Task.Delay(Look, world.Time);
        }
    }

    private Task ClassAsync(KubeClient root, string name) => steps.MergeAsync(root, OrreryResources.Tenants, "", "globex", $$"""{"spec": {"class": "{{name}}"} }""");

    private static JsonObject Class(string name, int machines, int pods) => Own(
        "TenantClass", name, "{}",
        $$"""{"machinePools": [{"name": "{{name}}", "min": {{machines}}, "max": {{machines}}, "labels": {"pool": "{{name}}"} }], "quota": {"pods": "{{pods}}"} }""");

    private static JsonObject Budget(string app)
    {
        JsonObject body = Named("policy/v1", "PodDisruptionBudget", app);
        body["spec"] = Json($$"""{"minAvailable": 1, "selector": {"matchLabels": {"app": "{{app}}"} } }""");
        return body;
    }
}
