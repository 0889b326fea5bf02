using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Audit;
using Orrery.Testing;

namespace Orrery.Server.Tests.Audit;

/// <summary>What a real server records in a real file, read after a normal stop: nothing that was answered may be missing.</summary>
public sealed class AuditLogTests : IDisposable
{
    private readonly TempDirectory folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    /// <summary>Records one use of a server.</summary>
    private async Task<JsonObject[]> RecordAsync(string policy, Func<TestServer, Kubectl, Task> use)
    {
        string path = folder.File("audit.log");
        await using (TestServer server = await TestServer.StartAsync(
            new TestServerOptions
            {
                Configure = options => options with { Audit = new AuditOptions { Policy = AuditPolicy.Parse($"{{apiVersion: audit.k8s.io/v1, kind: Policy, {policy}}}"), Path = path } },
            },
            Token))
        {
            using var kubectl = new Kubectl(server, ClusterName.Root);
            await use(server, kubectl);
        }

        return [.. File.ReadAllLines(path).Select(line => JsonNode.Parse(line)!.AsObject())];
    }

    [Fact]
    public async Task Create_AtRequestResponse_RecordsWhoWhatAndWhyInBothStages()
    {
        JsonObject[] events = await RecordAsync("omitManagedFields: true, rules: [{level: RequestResponse, resources: [{group: '', resources: [configmaps]}]}]", async (server, _) =>
        {
            await server.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("c", "value"), Token);
            await server.Admin.GetAsync(ServerFixture.Namespaces, "", "default", Token);
        });

        Assert.Equal(["RequestReceived", "ResponseComplete"], events.Select(e => e.TextAt("stage")));
        JsonObject done = events[1];
        Assert.Equal(events[0].TextAt("auditID"), done.TextAt("auditID"));
        Assert.Equal("create", done.TextAt("verb"));
        Assert.Equal("test-admin", done.TextAt("user", "username"));
        Assert.Equal("127.0.0.1", done["sourceIPs"]![0]!.GetValue<string>());
        Assert.Equal("""{"resource":"configmaps","namespace":"default","name":"c","apiVersion":"v1"}""", done["objectRef"]!.ToJsonString());
        Assert.Equal("""{"metadata":{},"code":201}""", done["responseStatus"]!.ToJsonString());
        Assert.Equal("value", done.TextAt("requestObject", "data", "k"));
        Assert.Equal("value", done.TextAt("responseObject", "data", "k"));
        Assert.NotNull(done.TextAt("responseObject", "metadata", "resourceVersion"));
        Assert.Null(done["responseObject"]!["metadata"]!["managedFields"]);
        Assert.Equal("allow", done.TextAt("annotations", "authorization.k8s.io/decision"));
        Assert.False(events[0].ContainsKey("responseStatus"));
    }

    /// <summary>A server that is killed the moment after an answer loses nothing of what it says was done.</summary>
    [Theory]
    [InlineData("RequestResponse", "1.1", 10)]
    [InlineData("Metadata", "1.1", 10)]
    [InlineData("Metadata", "1.1", 100_000)]
    [InlineData("Metadata", "2.0", 10)]
    [InlineData("RequestResponse", "2.0", 100_000)]
    public async Task Answer_OnceItIsThere_IsInTheFile(string level, string version, int size)
    {
        string path = folder.File("audit.log");
        await RecordAsync($"omitStages: [RequestReceived], rules: [{{level: {level}}}]", async (server, _) =>
        {
            using var http = new RawHttp(server) { Version = Version.Parse(version) };
            using var record = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            for (int i = 0; i < 100; i++)
            {
                string id = $"{level}-{i}";
                using HttpResponseMessage answer = await http.SendAsync(
                    HttpMethod.Post, "/api/v1/namespaces/default/configmaps", ServerFixture.ConfigMap($"c-{i}", new string('v', size)).ToJsonString(), headers: ("Audit-Id", id));
                string recorded = await record.ReadToEndAsync(Token);

                Assert.Equal(201, (int)answer.StatusCode);
                Assert.Equal($"c-{i}", (await RawHttp.JsonAsync(answer)).TextAt("metadata", "name"));
                Assert.Contains($"\"auditID\":\"{id}\",\"stage\":\"ResponseComplete\"", recorded, StringComparison.Ordinal);
            }
        });
    }

    [Fact]
    public async Task List_AtRequestResponse_IsAnsweredWholeAndRecordedWhole()
    {
        string answered = "";
        JsonObject[] events = await RecordAsync("omitStages: [RequestReceived], rules: [{level: RequestResponse, verbs: [list], resources: [{group: '', resources: [configmaps]}]}]", async (server, kubectl) =>
        {
            for (int i = 0; i < 200; i++)
            {
                await server.Admin.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap($"c-{i:000}", new string('v', 2000)), Token);
            }

            answered = (await kubectl.RunAsync("get", "--raw", "/api/v1/namespaces/default/configmaps")).Succeeded();
        });

        JsonNode list = JsonNode.Parse(answered)!;
        Assert.Equal(200, list["items"]!.AsArray().Count(item => item!["metadata"]!["name"]!.GetValue<string>().StartsWith("c-", StringComparison.Ordinal)));
        Assert.True(JsonNode.DeepEquals(list, Assert.Single(events)["responseObject"]));
    }

    [Fact]
    public async Task Answer_InProtobuf_IsRecordedAsJson()
    {
        JsonObject[] events = await RecordAsync("omitStages: [RequestReceived], rules: [{level: RequestResponse, verbs: [create, list], resources: [{group: '', resources: [configmaps]}]}]", async (server, _) =>
        {
            using var http = new RawHttp(server);
            foreach ((HttpMethod method, string? body) in new[] { (HttpMethod.Post, ServerFixture.ConfigMap("c", "value").ToJsonString()), (HttpMethod.Get, (string?)null) })
            {
                using HttpResponseMessage answer = await http.SendAsync(method, "/api/v1/namespaces/default/configmaps", body, headers: ("Accept", "application/vnd.kubernetes.protobuf"));
                Assert.Equal("application/vnd.kubernetes.protobuf", answer.Content.Headers.ContentType!.ToString());
            }
        });

        Assert.Equal(["ConfigMap", "ConfigMapList"], events.Select(e => e.TextAt("responseObject", "kind")));
        Assert.Equal("value", events[0].TextAt("responseObject", "data", "k"));
        Assert.Contains(events[1]["responseObject"]!["items"]!.AsArray(), item => item!["metadata"]!["name"]!.GetValue<string>() == "c");
    }

    [Fact]
    public async Task Secrets_WhateverThePolicySays_AreRecordedWithoutTheirContent()
    {
        string token = "";
        JsonObject[] events = await RecordAsync("rules: [{level: RequestResponse}]", async (server, kubectl) =>
        {
            (await kubectl.RunAsync("create", "secret", "generic", "s", "--from-literal=p=hunter2")).Succeeded();
            (await kubectl.RunAsync("get", "secrets", "-o", "yaml")).Succeeded();
            token = (await kubectl.RunAsync("create", "token", "default")).Succeeded().Trim();
            var review = new JsonObject { ["spec"] = new JsonObject { ["token"] = token } };
            await server.Admin.CreateAsync(new GroupVersionResource("authentication.k8s.io", "v1", "tokenreviews"), "", review, Token);
        });

        string all = await File.ReadAllTextAsync(folder.File("audit.log"), Token);
        Assert.DoesNotContain("hunter2", all, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String("hunter2"u8), all, StringComparison.Ordinal);
        Assert.DoesNotContain(token, all, StringComparison.Ordinal);
        Assert.Contains(events, e => e.TextAt("objectRef", "resource") == "secrets" && e.TextAt("verb") == "create" && e.TextAt("objectRef", "name") == "s" && e.TextAt("level") == "Metadata");
        Assert.Contains(events, e => e.TextAt("objectRef", "subresource") == "token" && e.TextAt("level") == "Metadata");
        Assert.Contains(events, e => e.TextAt("objectRef", "resource") == "tokenreviews" && e.TextAt("level") == "Metadata");
    }

    [Fact]
    public async Task Impersonation_IsRecordedWithBothUsersAndTheReason()
    {
        JsonObject[] events = await RecordAsync("rules: [{level: Metadata, omitStages: [RequestReceived]}]", async (_, kubectl) =>
        {
            await kubectl.RunAsync("create", "rolebinding", "v", "--clusterrole=view", "--user=jane");
            await kubectl.RunAsync("get", "configmaps", "--as=jane");
            await kubectl.RunAsync("get", "secrets", "--as=jane");
        });

        JsonObject allowed = events.Single(e => e.TextAt("objectRef", "resource") == "configmaps" && e.ContainsKey("impersonatedUser"));
        Assert.Equal("test-admin", allowed.TextAt("user", "username"));
        Assert.Equal("jane", allowed.TextAt("impersonatedUser", "username"));
        Assert.Equal("impersonate:user-info", allowed.TextAt("authenticationMetadata", "impersonationConstraint"));
        Assert.Equal("RBAC: allowed by RoleBinding \"v/default\" of ClusterRole \"view\" to User \"jane\"", allowed.TextAt("annotations", "authorization.k8s.io/reason"));
        JsonObject refused = events.Single(e => e.TextAt("objectRef", "resource") == "secrets");
        Assert.Equal("forbid", refused.TextAt("annotations", "authorization.k8s.io/decision"));
        Assert.Equal(403, refused["responseStatus"]!["code"]!.GetValue<int>());
        Assert.Equal("Forbidden", refused.TextAt("responseStatus", "reason"));
    }

    [Fact]
    public async Task WrongCredential_IsRecordedWithoutAUser()
    {
        JsonObject[] events = await RecordAsync("rules: [{level: Metadata}]", async (server, _) =>
        {
            using var nobody = new KubeClient(server.Config(token: "wrong"));
            await Assert.ThrowsAsync<StatusException>(() => nobody.GetAsync(ServerFixture.Namespaces, "", "default", Token));
        });

        JsonObject refused = Assert.Single(events);
        Assert.Equal("ResponseStarted", refused.TextAt("stage"));
        Assert.Equal("{}", refused["user"]!.ToJsonString());
        Assert.Equal(401, refused["responseStatus"]!["code"]!.GetValue<int>());
    }

    [Fact]
    public async Task Watch_IsRecordedWhenItStartsAndWhenItEnds()
    {
        JsonObject[] events = await RecordAsync("rules: [{level: RequestResponse, verbs: [watch]}]", async (_, kubectl) =>
            (await kubectl.RunAsync("get", "--raw", "/api/v1/configmaps?watch=1&timeoutSeconds=1&resourceVersion=0")).Succeeded());

        Assert.Equal(["RequestReceived", "ResponseStarted", "ResponseComplete"], events.Select(e => e.TextAt("stage")));
        Assert.All(events.Skip(1), e => Assert.Equal(200, e["responseStatus"]!["code"]!.GetValue<int>()));
        Assert.DoesNotContain(events, e => e.ContainsKey("responseObject"));
    }

    /// <summary>Its answer is short, and begins when the request has ended.</summary>
    [Fact]
    public async Task Watch_Refused_IsRecordedInTheSameOrder()
    {
        JsonObject[] events = await RecordAsync("rules: [{level: Metadata, verbs: [watch]}]", async (server, _) =>
        {
            using var jane = new KubeClient(server.Config(token: server.Token("jane", [], ClusterName.Root)));
            await Assert.ThrowsAsync<StatusException>(() => jane.GetTextAsync("/api/v1/configmaps?watch=1", Token));
        });

        Assert.Equal(["RequestReceived", "ResponseStarted", "ResponseComplete"], events.Select(e => e.TextAt("stage")));
        Assert.All(events.Skip(1), e => Assert.Equal(403, e["responseStatus"]!["code"]!.GetValue<int>()));
    }

    [Fact]
    public async Task VirtualCluster_IsNamed()
    {
        JsonObject[] events = await RecordAsync("rules: [{level: Metadata, omitStages: [RequestReceived], namespaces: [default]}]", async (server, _) =>
        {
            await server.Admin.CreateAsync(OrreryResources.LogicalClusters, "default", ServerFixture.Named("shop"), Token);
            using var kubectl = new Kubectl(server, new ClusterName("default", "shop"));
            (await kubectl.RunAsync("create", "configmap", "c")).Succeeded();
        });

        JsonObject made = events.Single(e => e.TextAt("objectRef", "resource") == "configmaps" && e.TextAt("verb") == "create");
        Assert.Equal("default/shop", made.TextAt("annotations", "orrery.dev/cluster"));
        Assert.StartsWith("/clusters/default/shop/api/v1/namespaces/default/configmaps", made.TextAt("requestURI"), StringComparison.Ordinal);
    }
}
