using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Tests.Support;
using Orrery.Testing;

namespace Orrery.Simulator.Tests.Workloads;

public sealed class DeploymentTests
{
    [Fact]
    public async Task Create_ThreeReplicas_RunOnThreeNodes()
    {
        await using Plane plane = await Plane.StartAsync();

        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 3));

        KubeObject web = await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 3), "3 available");
        Assert.Equal(web.Generation, web.NumberAt("status", "observedGeneration"));
        Assert.Equal("1", web.Annotations["deployment.kubernetes.io/revision"]);
        Assert.Equal("NewReplicaSetAvailable", Conditions.Find(web, "Progressing")!.Reason);
        Assert.Null(web.At("status", "unavailableReplicas"));
        IReadOnlyList<KubeObject> pods = await plane.ListAsync(Known.Pods, "app=web");
        Assert.Equal(["pa2-par-node-1", "pa2-par-node-2", "pa2-par-node-3"], pods.Select(p => p.NodeName).Order());
        Assert.Equal(3, pods.Select(p => p.TextAt("status", "podIP")).Distinct().Count());
        Assert.All(pods, p => Assert.Equal(["ContainersReady", "Initialized", "PodReadyToStartContainers", "PodScheduled", "Ready"], ConditionTypes(p).Order(StringComparer.Ordinal)));
        KubeObject set = Assert.Single(await plane.ListAsync(Known.ReplicaSets));
        Assert.All(pods, p => Assert.Equal(set.Uid, p.ControllerUid));
        Assert.Equal(web.Uid, set.ControllerUid);
    }

    [Fact]
    public async Task Scale_UpAndDown_FollowsAndKeepsTheReplicaSet()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 2));
        await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 2), "2 available");

        await plane.PatchAsync(Known.Deployments, "web", """{"spec":{"replicas":5}}""");
        await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 5), "5 available");
        await plane.PatchAsync(Known.Deployments, "web", """{"spec":{"replicas":1}}""");
        await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 1), "1 available");

        await plane.UntilPodsAsync("app=web", p => p.Count == 1, "1 pod left");
        Assert.Single(await plane.ListAsync(Known.ReplicaSets));
    }

    [Fact]
    public async Task Update_RollingUpdate_NeverLeavesItsLimits()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 4, strategy: "{type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}"));
        await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 4), "4 available");
        await using RolloutWatch watching = await RolloutWatch.BeginAsync(plane.Client, TestContext.Current.CancellationToken);

        await plane.PatchAsync(Known.Deployments, "web", """{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:2"}]}}}}""");
        KubeObject web = await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 4) && d.Annotations["deployment.kubernetes.io/revision"] == "2", "rolled out");

        (int most, int least) = await watching.EndAsync();
        Assert.True(most <= 5, $"{most} replicas at once");
        Assert.True(least >= 3, $"only {least} available");
        Assert.Equal(web.Generation, web.NumberAt("status", "observedGeneration"));
        IReadOnlyList<KubeObject> pods = await plane.UntilPodsAsync("app=web", p => p.Count == 4, "old pods gone");
        Assert.All(pods, p => Assert.Equal("web:2", p.At("spec", "containers")!.Value[0].GetProperty("image").GetString()));
        Assert.Equal(2, (await plane.ListAsync(Known.ReplicaSets)).Count);
    }

    [Fact]
    public async Task Update_BackToTheOldTemplate_TakesUpItsReplicaSetAsANewRevision()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 1));
        await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 1), "available");
        KubeObject first = Assert.Single(await plane.ListAsync(Known.ReplicaSets));
        await plane.PatchAsync(Known.Deployments, "web", Image("web:2"));
        await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 1) && d.Annotations["deployment.kubernetes.io/revision"] == "2", "rolled out");

        await plane.PatchAsync(Known.Deployments, "web", Image("web:1"));

        await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 1) && d.Annotations["deployment.kubernetes.io/revision"] == "3", "rolled back");
        IReadOnlyList<KubeObject> sets = await plane.ListAsync(Known.ReplicaSets);
        Assert.Equal(2, sets.Count);
        Assert.Equal("3", sets.Single(s => s.Uid == first.Uid).Annotations["deployment.kubernetes.io/revision"]);
    }

    [Fact]
    public async Task Update_ImageThatDoesNotExist_KeepsTheOldPodsServing()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 2));
        await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 2), "available");

        await plane.PatchAsync(Known.Deployments, "web", Image("web:does-not-exist"));

        IReadOnlyList<KubeObject> pods = await plane.UntilPodsAsync("app=web", p => p.Any(x => Waiting(x) == "ImagePullBackOff"), "a pod that cannot start");
        Assert.Equal(2, pods.Count(p => p.IsReadyPod));
        KubeObject web = (await plane.FindAsync(Known.Deployments, "web"))!;
        Assert.True(Conditions.IsTrue(web, "Available"));
        Assert.Equal(2, web.NumberAt("status", "availableReplicas"));
    }

    [Fact]
    public async Task Update_Recreate_StopsAllBeforeStartingAny()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 2, strategy: "{type: Recreate}"));
        await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 2), "available");
        await using RolloutWatch watching = await RolloutWatch.BeginAsync(plane.Client, TestContext.Current.CancellationToken);

        await plane.PatchAsync(Known.Deployments, "web", Image("web:2"));
        await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 2) && d.Annotations["deployment.kubernetes.io/revision"] == "2", "rolled out");

        (int most, int least) = await watching.EndAsync();
        Assert.True(most <= 2, $"{most} replicas at once");
        Assert.Equal(0, least);
    }

    [Fact]
    public async Task Delete_PodByHand_ComesBack()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 1));
        KubeObject pod = (await plane.UntilPodsAsync("app=web", p => p is [var one] && one.IsReadyPod, "ready"))[0];

        await plane.Client.DeleteAsync(Known.Pods, "default", pod.Name, null, TestContext.Current.CancellationToken);

        await plane.UntilPodsAsync("app=web", p => p is [var one] && one.IsReadyPod && one.Uid != pod.Uid, "another one");
    }

    [Fact]
    public async Task Label_PodTakenOut_IsLeftAloneAndReplaced()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 1));
        KubeObject pod = (await plane.UntilPodsAsync("app=web", p => p is [var one] && one.IsReadyPod, "ready"))[0];

        await plane.PatchAsync(Known.Pods, pod.Name, """{"metadata":{"labels":{"app":"quarantine"}}}""");

        await plane.UntilPodsAsync("app=web", p => p is [var one] && one.IsReadyPod && one.Uid != pod.Uid, "another one");
        KubeObject apart = await plane.UntilAsync(Known.Pods, pod.Name, p => p.ControllerUid is null, "let go");
        Assert.Equal((pod.Uid, "Running"), (apart.Uid, apart.PodPhase));
    }

    [Fact]
    public async Task Create_AfterOrphaningDelete_TakesOverWhatRuns()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 2));
        await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 2), "available");
        string[] before = [.. (await plane.ListAsync(Known.Pods, "app=web")).Select(p => p.Uid).Order()];
        await plane.Client.DeleteAsync(Known.Deployments, "default", "web", new DeleteQuery { PropagationPolicy = "Orphan" }, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(
            async () => await plane.FindAsync(Known.Deployments, "web") is null && (await plane.ListAsync(Known.ReplicaSets)).All(s => s.ControllerUid is null), "orphaned");

        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 2));

        KubeObject web = await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 2), "available again");
        Assert.Equal(web.Uid, Assert.Single(await plane.ListAsync(Known.ReplicaSets)).ControllerUid);
        Assert.Equal(before, (await plane.ListAsync(Known.Pods, "app=web")).Select(p => p.Uid).Order());
    }

    [Fact]
    public async Task Delete_Deployment_LeavesNothing()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 2));
        await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 2), "available");

        await plane.Client.DeleteAsync(Known.Deployments, "default", "web", null, TestContext.Current.CancellationToken);

        await plane.UntilPodsAsync("app=web", p => p.Count == 0, "no pods");
        Assert.Empty(await plane.ListAsync(Known.ReplicaSets));
    }

    [Fact]
    public async Task Stop_InTheMiddle_GoesOnAfterwards()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Deployments, Manifests.Deployment("web", 6));
        await plane.UntilPodsAsync("app=web", p => p.Count > 0, "the first pod");

        await plane.StopAsync();
        await plane.StartAgainAsync();

        await plane.UntilAsync(Known.Deployments, "web", d => IsComplete(d, 6), "6 available");
        await plane.UntilPodsAsync("app=web", p => p.Count == 6, "no pod too many");
    }

    private static bool IsComplete(KubeObject d, int replicas) =>
        d.NumberAt("status", "observedGeneration") == d.Generation
        && d.NumberAt("status", "replicas") == replicas && d.NumberAt("status", "updatedReplicas") == replicas
        && d.NumberAt("status", "readyReplicas") == replicas && d.NumberAt("status", "availableReplicas") == replicas;

    private static string Image(string image) => $$$$$"""{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"{{{{{image}}}}}","ports":[{"name":"http","containerPort":8080}]}]}}}}""";

    private static IEnumerable<string> ConditionTypes(KubeObject pod) =>
        pod.At("status", "conditions")!.Value.EnumerateArray().Select(c => c.GetProperty("type").GetString()!);

    private static string? Waiting(KubeObject pod) =>
        pod.At("status", "containerStatuses") is { } all && all[0].GetProperty("state").TryGetProperty("waiting", out var waiting) ? waiting.GetProperty("reason").GetString() : null;
}
