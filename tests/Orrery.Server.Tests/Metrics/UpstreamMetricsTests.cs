using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Metrics;
using Orrery.Testing;

namespace Orrery.Server.Tests.Metrics;

/// <summary>Families that dashboards know of upstream, by its names, labels and buckets.</summary>
public sealed class UpstreamMetricsTests(UpstreamMetricsTests.World world) : IClassFixture<UpstreamMetricsTests.World>
{
    private static readonly GroupVersionResource Validating = new("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations");

    private static CancellationToken Token => ServerFixture.Token;

    [Fact]
    public async Task StoreRequests_AreCountedByResourceAndOperation()
    {
        KubeClient admin = world.Server.Admin;
        await admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("stored", "1"), Token);
        await admin.UpdateAsync(ServerFixture.ConfigMaps, "default", "stored", ServerFixture.ConfigMap("stored", "2"), Token);
        Text before = await world.ReadAsync();

        await admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("counted", "1"), Token);
        await admin.UpdateAsync(ServerFixture.ConfigMaps, "default", "counted", ServerFixture.ConfigMap("counted", "2"), Token);
        await admin.UpdateAsync(ServerFixture.ConfigMaps, "default", "counted", ServerFixture.ConfigMap("counted", "3"), Token);
        await admin.DeleteAsync(ServerFixture.ConfigMaps, "default", "counted", null, Token);

        Text after = await world.ReadAsync();
        foreach ((string operation, int times) in new[] { ("create", 1), ("update", 2), ("delete", 1) })
        {
            string[] labels = ["group=\"\"", $"operation=\"{operation}\"", "resource=\"configmaps\""];
            Assert.Equal(times, after.Of("etcd_requests_total", labels) - before.Of("etcd_requests_total", labels));
            Assert.Equal(times, after.Of("etcd_request_duration_seconds_count", labels) - before.Of("etcd_request_duration_seconds_count", labels));
            Assert.Equal(0, after.Of("etcd_request_errors_total", labels));
        }

        await admin.CreateAsync(new GroupVersionResource("coordination.k8s.io", "v1", "leases"), "default", ServerFixture.Named("stored"), Token);
        after = await world.ReadAsync();
        Assert.Equal(after.Of("apiserver_resource_objects", "resource=\"configmaps\""), after.Of("apiserver_storage_objects", "resource=\"configmaps\""));
        Assert.Equal(1, after.Of("apiserver_storage_objects", "resource=\"leases.coordination.k8s.io\""));
    }

    [Fact]
    public async Task Lists_AreCountedByWhatTheyLookAtAndShow()
    {
        KubeClient admin = world.Server.Admin;
        await admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("listed"), Token);
        for (int i = 0; i < 5; i++)
        {
            await admin.CreateAsync(new GroupVersionResource("", "v1", "secrets"), "listed", JsonNode.Parse($$$$"""{"metadata":{"name":"t{{{{i}}}}","labels":{"odd":"{{{{i % 2}}}}"}}}""")!.AsObject(), Token);
        }

        await admin.ListAsync(new GroupVersionResource("", "v1", "secrets"), "listed", null, Token);
        await admin.ListAsync(new GroupVersionResource("", "v1", "secrets"), "listed", new ListQuery { LabelSelector = "odd=1" }, Token);

        Text text = await world.ReadAsync();
        Assert.Equal(2, text.Of("apiserver_cache_list_total", "resource=\"secrets\"", "index=\"\"", "group=\"\""));
        Assert.Equal(10, text.Of("apiserver_cache_list_fetched_objects_total", "resource=\"secrets\""));
        Assert.Equal(7, text.Of("apiserver_cache_list_returned_objects_total", "resource=\"secrets\""));
    }

    [Fact]
    public async Task Webhooks_OfRootByName_OfVirtualClustersTogether()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(r => TestWebhook.Answer(r, !r["request"]!["name"]!.GetValue<string>().StartsWith("bad", StringComparison.Ordinal), ("status", JsonNode.Parse("""{"code":409}"""))), Token);
        using KubeClient tenant = world.Server.AdminOf(await world.ClusterAsync());
        Text before = await world.ReadAsync();
        foreach ((KubeClient client, string name) in new[] { (world.Server.Admin, "measured.roots.example.com"), (tenant, "measured.tenants.example.com") })
        {
            await client.CreateAsync(Validating, "", Configuration(name, webhook.Url, webhook.CaBundle, "Fail"), Token);
            await client.CreateAsync(ServerFixture.ConfigMaps, "default", Measured("good"), Token);
            await Assert.ThrowsAsync<StatusException>(() => client.CreateAsync(ServerFixture.ConfigMaps, "default", Measured("bad"), Token));
            await client.DeleteAsync(Validating, "", name, null, Token);
        }

        Text after = await world.ReadAsync();

        foreach (string name in new[] { "measured.roots.example.com", "others" })
        {
            string[] labels = [$"name=\"{name}\"", "operation=\"CREATE\"", "type=\"validating\""];
            Assert.Equal(1, Grown("apiserver_admission_webhook_admission_duration_seconds_count", [.. labels, "rejected=\"false\""]));
            Assert.Equal(1, Grown("apiserver_admission_webhook_admission_duration_seconds_bucket", [.. labels, "rejected=\"true\"", "le=\"25\""]));
            Assert.Equal(1, Grown("apiserver_admission_webhook_request_total", [.. labels, "rejected=\"false\"", "code=\"200\""]));
            Assert.Equal(1, Grown("apiserver_admission_webhook_request_total", [.. labels, "rejected=\"true\"", "code=\"409\""]));
            Assert.Equal(1, Grown("apiserver_admission_webhook_rejection_count", [.. labels, "error_type=\"no_error\"", "rejection_code=\"409\""]));
        }

        Assert.DoesNotContain("measured.tenants", after.All, StringComparison.Ordinal);

        double Grown(string name, params string[] labels) => after.Of(name, labels) - before.Of(name, labels);
    }

    [Theory]
    [InlineData("Fail")]
    [InlineData("Ignore")]
    public async Task Webhook_ThatCannotBeCalled_IsToldOfByItsPolicy(string policy)
    {
        string name = $"closed-{policy.ToLowerInvariant()}.roots.example.com";
        await using TestWebhook webhook = await TestWebhook.StartAsync((_, http) => { http.Abort(); return Task.CompletedTask; }, Token);
        await world.Server.Admin.CreateAsync(Validating, "", Configuration(name, webhook.Url, webhook.CaBundle, policy), Token);
        if (policy == "Fail")
        {
            await Assert.ThrowsAsync<StatusException>(() => world.Server.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", Measured(policy.ToLowerInvariant()), Token));
        }
        else
        {
            await world.Server.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", Measured(policy.ToLowerInvariant()), Token);
        }

        await world.Server.Admin.DeleteAsync(Validating, "", name, null, Token);
        Text text = await world.ReadAsync();
        bool rejects = policy == "Fail";
        Assert.Equal(1, text.Of("apiserver_admission_webhook_request_total", $"name=\"{name}\"", "code=\"500\"", $"rejected=\"{(rejects ? "true" : "false")}\""));
        Assert.Equal(rejects ? 1 : 0, text.Of("apiserver_admission_webhook_rejection_count", $"name=\"{name}\"", "error_type=\"calling_webhook_error\"", "rejection_code=\"500\""));
        Assert.Equal(rejects ? 0 : 1, text.Of("apiserver_admission_webhook_fail_open_count", $"name=\"{name}\"", "type=\"validating\""));
    }

    [Fact]
    public async Task Plugins_AreTimedByName()
    {
        Text before = await world.ReadAsync();
        await Assert.ThrowsAsync<StatusException>(() => world.Server.Admin.CreateAsync(ServerFixture.ConfigMaps, "nowhere", ServerFixture.ConfigMap("a"), Token));

        Text after = await world.ReadAsync();

        Assert.Equal(1, Grown("name=\"NamespaceLifecycle\"", "operation=\"CREATE\"", "rejected=\"true\"", "type=\"admit\""));
        Assert.Equal(0, Grown("name=\"LimitRanger\"", "operation=\"CREATE\"", "rejected=\"true\""));
        Assert.True(after.Of("apiserver_admission_controller_admission_duration_seconds_bucket", "name=\"LimitRanger\"", "operation=\"CREATE\"", "rejected=\"false\"", "type=\"admit\"", "le=\"2.5\"") > 0);

        double Grown(params string[] labels) =>
            after.Of("apiserver_admission_controller_admission_duration_seconds_count", labels) - before.Of("apiserver_admission_controller_admission_duration_seconds_count", labels);
    }

    [Fact]
    public async Task Flows_AreCountedByWhatTheyMatch()
    {
        string[] exempt = ["flow_schema=\"exempt\"", "priority_level=\"exempt\""];
        string[] anonymous = ["flow_schema=\"global-default\"", "priority_level=\"global-default\""];
        Text before = await world.ReadAsync();
        await world.Server.Admin.GetAsync(ServerFixture.Namespaces, "", "default", Token);
        using var nobody = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        (await nobody.GetAsync(new Uri(world.Server.Url, "/api/v1/namespaces"), Token)).Dispose();

        Text after = await world.ReadAsync();

        Assert.True(after.Of("apiserver_flowcontrol_dispatched_requests_total", exempt) >= before.Of("apiserver_flowcontrol_dispatched_requests_total", exempt) + 2);
        Assert.Equal(1, after.Of("apiserver_flowcontrol_dispatched_requests_total", anonymous) - before.Of("apiserver_flowcontrol_dispatched_requests_total", anonymous));
        Assert.Equal(0, after.Of("apiserver_flowcontrol_rejected_requests_total", [.. anonymous, "reason=\"queue-full\""]));
    }

    /// <summary>What tenants call their schemas makes no series.</summary>
    [Fact]
    public void For_NamesOfTenants_AreOneUnlessEveryClusterHasThem()
    {
        var flows = new FlowMetrics();
        FlowSeries everybodys = flows.For("catch-all", "catch-all", isOwn: false);

        Assert.Same(everybodys, flows.For("catch-all", "catch-all", isOwn: true));
        Assert.Same(flows.For("mine", "catch-all", isOwn: true), flows.For("theirs", "theirs", isOwn: true));
        Assert.NotSame(everybodys, flows.For("mine", "catch-all", isOwn: true));
        for (int i = 0; i < 500; i++)
        {
            flows.For("root-" + i, "catch-all", isOwn: false).End(isSentAway: true);
        }

        var text = new PrometheusText();
        flows.Write(text);
        Assert.InRange(System.Text.Encoding.UTF8.GetString(text.Written.Span).Split('\n').Count(l => l.Contains("queue-full", StringComparison.Ordinal)), 100, 201);
    }

    private static JsonObject Measured(string name) => JsonNode.Parse($$$$"""{"metadata":{"name":"{{{{name}}}}","labels":{"measured":"yes"}}}""")!.AsObject();

    private static JsonObject Configuration(string name, string url, string caBundle, string policy) => JsonNode.Parse($$$$$"""
        {"metadata":{"name":"{{{{{name}}}}}"},"webhooks":[{"name":"{{{{{name}}}}}","sideEffects":"None","admissionReviewVersions":["v1"],"timeoutSeconds":20,"failurePolicy":"{{{{{policy}}}}}",
         "clientConfig":{"url":"{{{{{url}}}}}","caBundle":"{{{{{caBundle}}}}}"},"objectSelector":{"matchLabels":{"measured":"yes"}},
         "rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps"]}] }]}
        """)!.AsObject();

    /// <summary>A server on which nothing else happens.</summary>
    public sealed class World : IAsyncLifetime
    {
        private TestServer? server;

        public TestServer Server => server!;

        public async ValueTask InitializeAsync()
        {
            server = await TestServer.StartAsync(new TestServerOptions { WebhookAddresses = [System.Net.IPNetwork.Parse("127.0.0.0/8")] }, Token);
            await ServerFixture.SettledAsync(server.Admin);
        }

        public ValueTask DisposeAsync() => server!.DisposeAsync();

        public async Task<Text> ReadAsync() => new(await Server.Admin.GetTextAsync("/metrics", Token));

        public async Task<ClusterName> ClusterAsync()
        {
            await Server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("acme"), Token);
            await Server.Admin.CreateAsync(OrreryResources.LogicalClusters, "acme", ServerFixture.Named("measured"), Token);
            return new ClusterName("acme", "measured");
        }
    }

    /// <summary>What was read of /metrics.</summary>
    public sealed record Text(string All)
    {
        /// <summary>The sum of all samples of that name with those labels.</summary>
        public double Of(string name, params string[] labels) => MetricsTests.Value(All, name, labels);
    }
}
