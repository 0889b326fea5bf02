using System.Globalization;
using System.Text.RegularExpressions;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Metrics;
using Orrery.Server.Requests;
using Orrery.Testing;

namespace Orrery.Server.Tests.Metrics;

public sealed partial class MetricsTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Metrics_AfterRequests_CountsThemByWhatTheyAskedFor()
    {
        // A server of its own, on which nothing else happens once all is there that comes by itself.
        await using TestServer server = await TestServer.StartAsync(cancellationToken: ServerFixture.Token);
        await ServerFixture.SettledAsync(server.Admin);
        string before = await ReadAsync(server.Admin);
        await server.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("a"), ServerFixture.Token);
        await server.Admin.GetAsync(ServerFixture.ConfigMaps, "default", "a", ServerFixture.Token);
        await server.Admin.GetAsync(ServerFixture.ConfigMaps, "default", "a", ServerFixture.Token);
        Assert.Null(await server.Admin.FindAsync(ServerFixture.ConfigMaps, "default", "none", ServerFixture.Token));

        // A request is counted once its client has the answer, and may have read it to its end.
        string after = "";
        await Eventually.TrueAsync(
            async () =>
            {
                after = await ReadAsync(server.Admin);
                return Grown("apiserver_request_duration_seconds_count", "resource=\"configmaps\"") >= 4;
            },
            "all four are counted", cancellationToken: ServerFixture.Token);

        Assert.Equal(1, Grown("apiserver_request_total", "verb=\"POST\"", "resource=\"configmaps\"", "code=\"201\"", "scope=\"resource\""));
        Assert.Equal(2, Grown("apiserver_request_total", "verb=\"GET\"", "resource=\"configmaps\"", "code=\"200\"", "scope=\"resource\""));
        Assert.Equal(1, Grown("apiserver_request_total", "verb=\"GET\"", "resource=\"configmaps\"", "code=\"404\""));
        Assert.Equal(3, Grown("apiserver_request_duration_seconds_count", "verb=\"GET\"", "resource=\"configmaps\""));
        Assert.Equal(3, Grown("apiserver_request_duration_seconds_bucket", "verb=\"GET\"", "resource=\"configmaps\"", "le=\"+Inf\""));
        Assert.Equal(1, Grown("apiserver_admission_step_admission_duration_seconds_count", "operation=\"CREATE\"", "rejected=\"false\"", "type=\"admit\""));
        Assert.Equal(1, Grown("apiserver_admission_step_admission_duration_seconds_count", "operation=\"CREATE\"", "rejected=\"false\"", "type=\"validate\""));
        Assert.Equal(0, Grown("apiserver_admission_webhook_admission_duration_seconds_count"));
        Assert.Equal(1, Grown("apiserver_resource_objects", "resource=\"configmaps\""));
        Assert.True(Grown("orrery_store_commit_duration_seconds_count") >= 1);
        Assert.Equal(0, Value(after, "apiserver_current_inflight_requests", "request_kind=\"mutating\""));
        Assert.True(Value(after, "process_resident_memory_bytes") > 10_000_000);

        double Grown(string name, params string[] labels) => Value(after, name, labels) - Value(before, name, labels);
    }

    [Fact]
    public async Task Metrics_AppliesStreamsAndDryRuns_AreToldApart()
    {
        await using TestServer server = await TestServer.StartAsync(cancellationToken: ServerFixture.Token);
        await server.Admin.ApplyAsync(ServerFixture.ConfigMaps, "default", "a", ServerFixture.ConfigMap("a"), "me", false, ServerFixture.Token);
        await Assert.ThrowsAsync<StatusException>(() => server.Admin.GetTextAsync("/api/v1/namespaces/default/pods/none/log", ServerFixture.Token));
        await Assert.ThrowsAsync<StatusException>(() => server.Admin.GetTextAsync("/api/v1/namespaces/default/services/none/proxy/x", ServerFixture.Token));
        await Assert.ThrowsAsync<StatusException>(() => server.Admin.GetTextAsync("/api/v1/namespaces/default/configmaps/none?dryRun=All", ServerFixture.Token));
        await Assert.ThrowsAsync<StatusException>(() => server.Admin.GetTextAsync("/api/v1/namespaces/default/configmaps/none?dryRun=Some", ServerFixture.Token));

        string text = "";
        await Eventually.TrueAsync(async () =>
        {
            text = await ReadAsync(server.Admin);
            return Value(text, "apiserver_request_total", "dry_run=\"invalid\"") >= 1;
        }, "all are counted", cancellationToken: ServerFixture.Token);

        Assert.Equal(1, Value(text, "apiserver_request_total", "verb=\"APPLY\"", "resource=\"configmaps\"", "scope=\"resource\"", "code=\"201\""));
        Assert.Equal(1, Value(text, "apiserver_request_total", "verb=\"CONNECT\"", "resource=\"pods\"", "subresource=\"log\""));
        Assert.Equal(1, Value(text, "apiserver_request_total", "verb=\"CONNECT\"", "resource=\"services\"", "subresource=\"proxy\""));
        Assert.Equal(1, Value(text, "apiserver_request_total", "dry_run=\"All\"", "resource=\"configmaps\"", "code=\"404\""));
        Assert.Equal(1, Value(text, "apiserver_request_sli_duration_seconds_count", "verb=\"APPLY\"", "scope=\"resource\""));
        Assert.Equal(1, Value(text, "apiserver_request_sli_duration_seconds_bucket", "verb=\"APPLY\"", "le=\"30\""));
        Assert.Equal(0, Value(text, "apiserver_request_sli_duration_seconds_count", "verb=\"GET\"", "resource=\"configmaps\""));
        Assert.Equal(1, Value(text, "kubernetes_build_info", "major=\"1\"", "minor=\"36\"", "git_version=\"v1.36.0+orrery"));
    }

    /// <summary>What a server cannot help is not counted against it.</summary>
    [Fact]
    public void End_WhatWasWaitedFor_IsLeftOutOfTheServersOwnTime()
    {
        var time = new ManualTime();
        var metrics = new RequestMetrics(time);
        RequestInfo request = RequestInfoParser.Parse("GET", "/api/v1/namespaces/default/configmaps/a", "/api/v1/namespaces/default/configmaps/a");
        long began = metrics.Begin();
        metrics.Enter(request);
        time.Advance(TimeSpan.FromSeconds(5));

        metrics.End(request, 200, began, waited: TimeSpan.FromSeconds(4));

        RequestSeries series = Assert.Single(metrics.All).Value;
        Assert.Equal((5.0, 1.0), (series.Durations.SumSeconds, series.Own.SumSeconds));
    }

    [Fact]
    public async Task Metrics_EveryLine_IsOfThePrometheusTextFormat()
    {
        string text = await ReadAsync(fixture.Admin);

        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Assert.Matches(Line(), line);
        }

        string[] families = [.. text.Split('\n').Where(l => l.StartsWith("# TYPE ", StringComparison.Ordinal))];
        Assert.Equal(families.Length, families.Distinct().Count());
    }

    [Fact]
    public async Task Metrics_OfAVirtualCluster_TellsOfItsOwnObjectsOnly()
    {
        ClusterName mine = await fixture.ClusterAsync("mine"), other = await fixture.ClusterAsync("other");
        using KubeClient inMine = fixture.Server.AdminOf(mine), inOther = fixture.Server.AdminOf(other);
        await inMine.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("a"), ServerFixture.Token);
        double before = Value(await ReadAsync(inMine), "apiserver_resource_objects", "resource=\"configmaps\"");
        for (int i = 0; i < 5; i++)
        {
            await inOther.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("b" + i), ServerFixture.Token);
        }

        string text = await ReadAsync(inMine);

        Assert.Equal(before, Value(text, "apiserver_resource_objects", "resource=\"configmaps\""));
        Assert.DoesNotContain("process_", text, StringComparison.Ordinal);
        Assert.DoesNotContain("apiserver_request_total", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_WithoutTheRight_403()
    {
        using var nobody = new KubeClient(fixture.Server.Config(fixture.Server.Certificate("nobody", [], Orrery.Server.Authentication.ClusterScope.Root)));

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => ReadAsync(nobody));

        Assert.Equal(403, refused.Code);
    }

    [Fact]
    public async Task Metrics_MadeUpResourcesAndMethods_MakeNoSeriesOfTheirOwn()
    {
        for (int i = 0; i < 20; i++)
        {
            await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.GetTextAsync($"/apis/g{i}.example.com/v1/things{i}", ServerFixture.Token));
            await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.GetTextAsync($"/nowhere/{i}", ServerFixture.Token));
        }

        string text = await ReadAsync(fixture.Admin);

        Assert.DoesNotContain("things", text, StringComparison.Ordinal);
        Assert.DoesNotContain("nowhere", text, StringComparison.Ordinal);
        Assert.True(Value(text, "apiserver_request_total", "resource=\"custom\"", "code=\"404\"") >= 20);
    }

    private static Task<string> ReadAsync(KubeClient client) => client.GetTextAsync("/metrics", ServerFixture.Token);

    /// <summary>The sum of all samples of that name with those labels.</summary>
    internal static double Value(string text, string name, params string[] labels) => text.Split('\n')
        .Where(l => (l.StartsWith(name + " ", StringComparison.Ordinal) || l.StartsWith(name + "{", StringComparison.Ordinal)) && labels.All(l.Contains))
        .Sum(l => double.Parse(l[(l.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    [GeneratedRegex("""^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [-+0-9.eE]+)$""")]
    private static partial Regex Line();
}
