using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Tests.Support;
using Orrery.Testing;

namespace Orrery.Simulator.Tests.Kubelets;

public sealed class KubeletTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Pod_OfItsOwn_RunsAndGoesWithGrace()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Pods, Bare("solo", "web:1"));
        KubeObject pod = await plane.UntilAsync(Known.Pods, "solo", p => p.IsReadyPod, "ready");
        Assert.Equal("Running", pod.PodPhase);
        Assert.StartsWith("10.244.", pod.TextAt("status", "podIP"), StringComparison.Ordinal);
        Assert.Equal("web:1", pod.At("status", "containerStatuses")!.Value[0].GetProperty("image").GetString());

        await plane.Client.DeleteAsync(Known.Pods, "default", "solo", null, Token);

        await Eventually.TrueAsync(async () => await plane.FindAsync(Known.Pods, "solo") is null, "gone", cancellationToken: Token);
        string[] reasons = ["Scheduled", "Pulled", "Created", "Started", "Killing"];
        await Eventually.TrueAsync(
            async () => reasons.All((await plane.ListAsync(new GroupVersionResource("", "v1", "events"))).Where(e => e.TextAt("involvedObject", "uid") == pod.Uid).Select(e => e.TextAt("reason")).Contains),
            "every event", cancellationToken: Token);
    }

    [Fact]
    public async Task Pod_FinalizerOfSomebody_StaysUntilItIsTaken()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Pods, Bare("kept", "web:1").Replace("namespace: default", "namespace: default, finalizers: [example.com/hold]", StringComparison.Ordinal));
        await plane.UntilAsync(Known.Pods, "kept", p => p.IsReadyPod, "ready");

        await plane.Client.DeleteAsync(Known.Pods, "default", "kept", null, Token);
        await plane.UntilAsync(Known.Pods, "kept", p => p.IsDeleting && p.NumberAt("metadata", "deletionGracePeriodSeconds") == 0, "stopped but held");
        await plane.PatchAsync(Known.Pods, "kept", """{"metadata":{"finalizers":null}}""");

        await Eventually.TrueAsync(async () => await plane.FindAsync(Known.Pods, "kept") is null, "gone", cancellationToken: Token);
    }

    [Fact]
    public async Task Pod_ThatFitsNowhere_SaysWhyAndRunsOnceItFits()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Pods, Bare("picky", "web:1").Replace("spec: {", "spec: {nodeSelector: {disk: ssd}, ", StringComparison.Ordinal));
        KubeObject pod = await plane.UntilAsync(Known.Pods, "picky", p => Conditions.Find(p, "PodScheduled")?.Message == "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", "refused by all three");
        Assert.Equal(("False", "Unschedulable"), (Conditions.Find(pod, "PodScheduled")!.Status, Conditions.Find(pod, "PodScheduled")!.Reason));

        await plane.Client.PatchAsync(Known.Nodes, "", "pa2-par-node-2", PatchKind.Merge, JsonNode.Parse("""{"metadata":{"labels":{"disk":"ssd"}}}""")!, Token);

        KubeObject running = await plane.UntilAsync(Known.Pods, "picky", p => p.IsReadyPod, "ready");
        Assert.Equal("pa2-par-node-2", running.NodeName);
    }

    [Fact]
    public async Task Log_Followed_EndsWithTheContainer()
    {
        // Between its first line and its last it says nothing, however long it is held up.
        await using Plane plane = await Plane.StartAsync(Plane.Quick with { LogInterval = TimeSpan.FromHours(1) });
        await plane.CreateAsync(Known.Pods, Bare("task", "task:1").Replace("spec: {", "spec: {restartPolicy: Never, ", StringComparison.Ordinal).Replace("image:", "command: [sleep, \"1\"], image:", StringComparison.Ordinal));

        // Mostly running; who looks late finds that it has ended, and is told the same.
        await plane.UntilAsync(Known.Pods, "task", p => p.PodPhase is "Running" or "Succeeded", "running");

        await using Stream stream = await plane.Client.OpenAsync("/api/v1/namespaces/default/pods/task/log?follow=true", Token);
        using var reader = new StreamReader(stream);
        string log = await reader.ReadToEndAsync(Token);

        Assert.Equal("main started in pod task\nmain ended with exit code 0\n", log);
        Assert.Equal("main ended with exit code 0\n", await plane.Client.GetTextAsync("/api/v1/namespaces/default/pods/task/log?tailLines=1", Token));
    }

    [Fact]
    public async Task Container_ThatEnds_IsStartedAgain_AndItsFormerLogStays()
    {
        await using Plane plane = await Plane.StartAsync(Plane.Quick with { LogInterval = TimeSpan.FromHours(1), RestartBackoff = TimeSpan.FromSeconds(3) });
        await plane.CreateAsync(Known.Pods, """
            apiVersion: v1
            kind: Pod
            metadata: {name: crash, namespace: default}
            spec: {initContainers: [{name: first, image: "first:1"}], containers: [{name: steady, image: "web:1"}, {name: bad, image: "bad:1", command: [sh, -c, "sleep 2; exit 3"]}]}
            """);

        // 1. Who follows the first run is told its end, and no more.
        await plane.UntilAsync(Known.Pods, "crash", p => p.IsReadyPod, "ready");
        Assert.Equal("bad started in pod crash\nbad ended with exit code 3\n", await LogAsync(plane, "container=bad&follow=true"));

        // 2. It was started again at once, and the run before is known; the other one goes on.
        KubeObject again = await plane.UntilAsync(Known.Pods, "crash", p => Status(p, "bad")["restartCount"]!.GetValue<int>() == 1 && p.IsReadyPod, "started again");
        Assert.Equal((3, "Error"), ((int)Status(again, "bad")["lastState"]!["terminated"]!["exitCode"]!, (string)Status(again, "bad")["lastState"]!["terminated"]!["reason"]!));
        Assert.Equal("bad started in pod crash\n", await LogAsync(plane, "container=bad"));
        Assert.Equal("bad started in pod crash\nbad ended with exit code 3\n", await LogAsync(plane, "container=bad&previous=true"));
        Assert.Equal("bad ended with exit code 3\n", await LogAsync(plane, "container=bad&previous=true&tailLines=1"));
        Assert.Equal("steady started in pod crash\n", await LogAsync(plane, "container=steady"));
        Assert.Equal("first started in pod crash\nfirst ended with exit code 0\n", await LogAsync(plane, "container=first"));
        Assert.Equal("previous terminated container \"steady\" in pod \"crash\" not found", (await Assert.ThrowsAsync<StatusException>(() => LogAsync(plane, "container=steady&previous=true"))).Message);
        Assert.Equal("a container name must be specified for pod crash, choose one of: [steady bad] or one of the init containers: [first]", (await Assert.ThrowsAsync<StatusException>(() => LogAsync(plane, "previous=true"))).Message);

        // 3. The second time it waits: its log is that of the run that ended, and the pod is not ready.
        KubeObject waits = await plane.UntilAsync(Known.Pods, "crash", p => (string?)Status(p, "bad")["state"]!["waiting"]?["reason"] == "CrashLoopBackOff", "held back");
        Assert.Equal(("False", "containers with unready status: [bad]"), (Conditions.Find(waits, "Ready")!.Status, Conditions.Find(waits, "Ready")!.Message));
        Assert.Equal("Running", waits.PodPhase);
        Assert.Equal($"back-off 3s restarting failed container=bad pod=crash_default({waits.Uid})", (string?)Status(waits, "bad")["state"]!["waiting"]!["message"]);
        Assert.Equal("bad started in pod crash\nbad ended with exit code 3\n", await LogAsync(plane, "container=bad"));
        KubeObject third = await plane.UntilAsync(Known.Pods, "crash", p => Status(p, "bad")["restartCount"]!.GetValue<int>() == 2, "started once more");
        Assert.Equal($"simulated://{third.Uid}/bad/1", (string?)Status(third, "bad")["lastState"]!["terminated"]!["containerID"]);
        await Eventually.TrueAsync(
            async () => (await plane.ListAsync(new GroupVersionResource("", "v1", "events"))).Any(e => e.TextAt("reason") == "BackOff" && e.TextAt("involvedObject", "uid") == third.Uid), "an event says so", cancellationToken: Token);
    }

    [Fact]
    public async Task Container_ThatFailsInAPodThatRestartsOnFailure_EndsWithTheOthersOnceItSucceeds()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Pods, """
            apiVersion: v1
            kind: Pod
            metadata: {name: task, namespace: default}
            spec: {restartPolicy: OnFailure, containers: [{name: good, image: "good:1"}, {name: bad, image: "bad:1", command: ["false"]}]}
            """);

        KubeObject pod = await plane.UntilAsync(Known.Pods, "task", p => p.PodPhase == "Running" && Status(p, "bad")["restartCount"]!.GetValue<int>() == 1 && Status(p, "good")["state"]!["terminated"] is not null, "one ended, the other started again");

        Assert.Equal(0, (int)Status(pod, "good")["restartCount"]!);
        Assert.Equal("False", Conditions.Find(pod, "Ready")!.Status);
    }

    [Fact]
    public async Task Node_DeletedByHand_RegistersAgain()
    {
        await using Plane plane = await Plane.StartAsync();
        KubeObject node = await plane.UntilAsync(Known.Nodes, "pa2-par-node-1", n => Conditions.IsTrue(n, "Ready"), "ready");
        Assert.Equal("pa2-par", node.Labels["topology.kubernetes.io/zone"]);

        await plane.Client.DeleteAsync(Known.Nodes, "", "pa2-par-node-1", null, Token);

        await plane.UntilAsync(Known.Nodes, "pa2-par-node-1", n => n.Uid != node.Uid && Conditions.IsTrue(n, "Ready"), "another one");
    }

    private static Task<string> LogAsync(Plane plane, string query) => plane.Client.GetTextAsync($"/api/v1/namespaces/default/pods/crash/log?{query}", Token);

    private static JsonObject Status(KubeObject pod, string container) =>
        pod.CopyAt("status")["containerStatuses"]!.AsArray().OfType<JsonObject>().Single(c => (string?)c["name"] == container);

    private static string Bare(string name, string image) => $$$"""
        apiVersion: v1
        kind: Pod
        metadata: {name: {{{name}}}, namespace: default}
        spec: {containers: [{name: main, image: "{{{image}}}"}]}
        """;
}
