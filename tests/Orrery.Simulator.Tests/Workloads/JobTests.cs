using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Tests.Support;
using Orrery.Testing;

namespace Orrery.Simulator.Tests.Workloads;

public sealed class JobTests
{
    [Fact]
    public async Task Create_ThreeCompletions_CompletesAfterThreePods()
    {
        await using Plane plane = await Plane.StartAsync();

        await plane.CreateAsync(Known.Jobs, Manifests.Job("count", "completions: 3\n  parallelism: 2", "true"));

        KubeObject job = await plane.UntilAsync(Known.Jobs, "count", j => Conditions.IsTrue(j, "Complete"), "complete");
        Assert.Equal(3, job.NumberAt("status", "succeeded"));
        Assert.Null(job.At("status", "active"));
        Assert.NotNull(job.TextAt("status", "completionTime"));
        Assert.True(Conditions.IsTrue(job, "SuccessCriteriaMet"));
        IReadOnlyList<KubeObject> pods = await plane.ListAsync(Known.Pods, "batch.kubernetes.io/job-name=count");
        Assert.Equal(["Succeeded", "Succeeded", "Succeeded"], pods.Select(p => p.PodPhase));
    }

    [Fact]
    public async Task Create_CommandFails_FailsAfterItsBackoffLimit()
    {
        await using Plane plane = await Plane.StartAsync();

        await plane.CreateAsync(Known.Jobs, Manifests.Job("bad", "backoffLimit: 1", "exit 3"));

        KubeObject job = await plane.UntilAsync(Known.Jobs, "bad", j => Conditions.IsTrue(j, "Failed"), "failed");
        Assert.Equal("BackoffLimitExceeded", Conditions.Find(job, "Failed")!.Reason);
        Assert.Equal(2, job.NumberAt("status", "failed"));
        KubeObject pod = (await plane.ListAsync(Known.Pods, "batch.kubernetes.io/job-name=bad"))[0];
        Assert.Equal(3, pod.At("status", "containerStatuses")!.Value[0].GetProperty("state").GetProperty("terminated").GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public async Task Create_Indexed_EachIndexSucceedsOnce()
    {
        await using Plane plane = await Plane.StartAsync();

        await plane.CreateAsync(Known.Jobs, Manifests.Job("shards", "completionMode: Indexed\n  completions: 3\n  parallelism: 3", "true"));

        KubeObject job = await plane.UntilAsync(Known.Jobs, "shards", j => Conditions.IsTrue(j, "Complete"), "complete");
        Assert.Equal("0-2", job.TextAt("status", "completedIndexes"));
        Assert.Equal(
            ["0", "1", "2"],
            (await plane.ListAsync(Known.Pods, "batch.kubernetes.io/job-name=shards")).Select(p => p.Annotations["batch.kubernetes.io/job-completion-index"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Create_Suspended_StartsWhenResumed()
    {
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.Jobs, Manifests.Job("later", "suspend: true", "true"));
        await plane.UntilAsync(Known.Jobs, "later", j => Conditions.IsTrue(j, "Suspended"), "suspended");
        Assert.Empty(await plane.ListAsync(Known.Pods, "batch.kubernetes.io/job-name=later"));

        await plane.PatchAsync(Known.Jobs, "later", """{"spec":{"suspend":false}}""");

        await plane.UntilAsync(Known.Jobs, "later", j => Conditions.IsTrue(j, "Complete"), "complete");
    }

    [Fact]
    public async Task Complete_WithTtl_IsDeletedWithItsPods()
    {
        await using Plane plane = await Plane.StartAsync();

        KubeList before = await plane.Client.ListAsync(Known.Pods, "default", null, TestContext.Current.CancellationToken);

        await plane.CreateAsync(Known.Jobs, Manifests.Job("brief", "ttlSecondsAfterFinished: 0", "true"));

        // Its pod is there for a moment only, which a watch does not miss.
        var phases = new List<string?>();
        var query = new WatchQuery { ResourceVersion = before.ResourceVersion, LabelSelector = "batch.kubernetes.io/job-name=brief", AllowBookmarks = false };
        await foreach (WatchEvent change in plane.Client.WatchAsync(Known.Pods, "default", query, TestContext.Current.CancellationToken))
        {
            phases.Add(change.Object.PodPhase);
            if (change.Type == WatchEventType.Deleted)
            {
                break;
            }
        }

        Assert.Equal("Succeeded", phases[^1]);
        await Eventually.TrueAsync(async () => await plane.FindAsync(Known.Jobs, "brief") is null && (await plane.ListAsync(Known.Pods, "batch.kubernetes.io/job-name=brief")).Count == 0, "gone");
    }
}
