using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Tests.Support;
using Orrery.Testing;

namespace Orrery.Simulator.Tests.Workloads;

public sealed class CronJobTests
{
    [Fact]
    public async Task MissedRuns_OnlyTheLatestIsMadeUpFor()
    {
        // Once an hour, half an hour from now: no run falls into the test.
        DateTimeOffset halfAnHourAgo = TimeProvider.System.GetUtcNow().AddMinutes(-30);
        var latest = DateTimeOffset.FromUnixTimeSeconds(halfAnHourAgo.ToUnixTimeSeconds() / 60 * 60);
        await using Plane plane = await Plane.StartAsync();
        await plane.CreateAsync(Known.CronJobs, $$"""
            apiVersion: batch/v1
            kind: CronJob
            metadata: {name: report, namespace: default}
            spec:
              schedule: "{{latest.Minute}} * * * *"
              jobTemplate:
                spec:
                  template:
                    spec: {restartPolicy: Never, containers: [{name: task, image: "task:1"}]}
            """);

        await plane.Client.PatchAsync(
            Known.CronJobs, "default", "report", PatchKind.Merge,
            new JsonObject { ["status"] = new JsonObject { ["lastScheduleTime"] = Conditions.Time(latest.AddHours(-3)) } }, TestContext.Current.CancellationToken, subresource: "status");

        string name = string.Create(CultureInfo.InvariantCulture, $"report-{latest.ToUnixTimeSeconds() / 60}");
        KubeObject job = await plane.UntilAsync(Known.Jobs, name, j => Conditions.IsTrue(j, "Complete"), "the latest run complete");
        KubeObject cron = await plane.UntilAsync(
            Known.CronJobs, "report", c => c.TextAt("status", "lastSuccessfulTime") is not null && c.At("status", "active") is null, "said so");
        Assert.Equal(Conditions.Time(latest), cron.TextAt("status", "lastScheduleTime"));
        Assert.Equal(cron.Uid, job.ControllerUid);
        Assert.Single(await plane.ListAsync(Known.Jobs));

        await plane.Client.DeleteAsync(Known.CronJobs, "default", "report", null, TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(async () => (await plane.ListAsync(Known.Jobs)).Count == 0, "its Jobs go with it");
    }
}
