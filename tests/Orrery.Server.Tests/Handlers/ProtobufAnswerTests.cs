using System.Buffers.Binary;
using System.Net;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Machinery.Wire;
using Orrery.Testing;

namespace Orrery.Server.Tests.Handlers;

/// <summary>Answers in Kubernetes' binary encoding: who gets them, and that they say what JSON says.</summary>
public sealed class ProtobufAnswerTests(ProtobufAnswerTests.World world) : IClassFixture<ProtobufAnswerTests.World>
{
    private const string Binary = "application/vnd.kubernetes.protobuf";
    private const string Metadata = "as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    private const string Table = "as=Table;g=meta.k8s.io;v=v1";

    /// <summary>The table of upstream's negotiation (apiserver <c>pkg/endpoints/handlers/negotiation</c>).</summary>
    [Theory]
    [InlineData("configmaps/a", null, "application/json", "ConfigMap")]
    [InlineData("configmaps/a", "*/*", "application/json", "ConfigMap")]
    [InlineData("configmaps/a", "application/*", "application/json", "ConfigMap")]
    [InlineData("configmaps/a", Binary, Binary, "ConfigMap")]
    [InlineData("configmaps/a", Binary + ", */*", Binary, "ConfigMap")]
    [InlineData("configmaps/a", Binary + ",application/json", Binary, "ConfigMap")]
    [InlineData("configmaps/a", Binary + ";q=0.5,application/json", "application/json", "ConfigMap")]
    [InlineData("configmaps/a", "application/json;q=0.9," + Binary + ";q=0.8", "application/json", "ConfigMap")]
    [InlineData("configmaps/a", "application/xml," + Binary, Binary, "ConfigMap")]
    [InlineData("configmaps/a", Binary + ";" + Table + ",application/json", "application/json", "ConfigMap")]
    [InlineData("configmaps/a", Binary + ";" + Table + ",application/json;" + Table, "application/json", "Table")]
    [InlineData("configmaps/a", Binary + ";stream=watch", Binary, "ConfigMap")]
    [InlineData("configmaps/a", Binary + ";stream=other,application/json", "application/json", "ConfigMap")]
    [InlineData("configmaps/a", Binary + ";" + Metadata, Binary, "PartialObjectMetadata")]
    [InlineData("configmaps", Binary, Binary, "ConfigMapList")]
    [InlineData("configmaps", Binary + ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", Binary, "PartialObjectMetadataList")]
    [InlineData("configmaps", Binary + ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1beta1", Binary, "PartialObjectMetadataList")]
    [InlineData("configmaps/none", Binary, Binary, "Status")]
    [InlineData("configmaps/none", Binary + ";" + Metadata + ",application/json;" + Metadata + ",application/json", "application/json", "Status")]
    public async Task Get_ByWhatIsAccepted_HasThatForm(string path, string? accept, string contentType, string kind)
    {
        using HttpResponseMessage answer = await world.GetAsync($"/api/v1/namespaces/{world.Namespace}/{path}", accept);

        Assert.Equal(contentType, answer.Content.Headers.ContentType!.ToString());
        Assert.Equal(kind, (string?)(await World.JsonAsync(answer))["kind"]);
    }

    [Theory]
    [InlineData("kindbolts/a", Binary, HttpStatusCode.NotAcceptable, Binary, "Status")]
    [InlineData("kindbolts/a", Binary + ",application/json", HttpStatusCode.OK, "application/json", "Kindbolts")]
    [InlineData("kindbolts/a", Binary + ";" + Metadata, HttpStatusCode.OK, Binary, "PartialObjectMetadata")]
    [InlineData("kindbolts", Binary + ",application/json", HttpStatusCode.OK, "application/json", "KindboltsList")]
    [InlineData("kindbolts", Binary + ";as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", HttpStatusCode.OK, Binary, "PartialObjectMetadataList")]
    [InlineData("kindbolts/none", Binary + ",application/json", HttpStatusCode.NotFound, Binary, "Status")]
    public async Task Get_CustomResource_HasNoBinaryFormButItsMetadata(string path, string accept, HttpStatusCode code, string contentType, string kind)
    {
        using HttpResponseMessage answer = await world.GetAsync($"/apis/test.example.com/v1/namespaces/{world.Namespace}/{path.Replace("kindbolts", "bolts", StringComparison.Ordinal)}", accept);

        Assert.Equal((code, contentType), (answer.StatusCode, answer.Content.Headers.ContentType!.ToString()));
        Assert.Equal(kind, (string?)(await World.JsonAsync(answer))["kind"]);
    }

    /// <summary>Whatever stands in the answer in JSON stands in the other, too.</summary>
    [Theory]
    [InlineData("/api/v1/namespaces/{ns}/configmaps/a")]
    [InlineData("/api/v1/namespaces/{ns}/pods/p")]
    [InlineData("/api/v1/namespaces/{ns}")]
    [InlineData("/apis/apps/v1/namespaces/{ns}/deployments/d")]
    [InlineData("/apis/apps/v1/namespaces/{ns}/deployments/d/scale")]
    [InlineData("/apis/autoscaling/v1/namespaces/{ns}/horizontalpodautoscalers/h")]
    [InlineData("/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers/h")]
    [InlineData("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/bolts.test.example.com")]
    [InlineData("/apis/apiregistration.k8s.io/v1/apiservices")]
    [InlineData("/apis/rbac.authorization.k8s.io/v1/clusterroles")]
    [InlineData("/api/v1/namespaces/{ns}/configmaps?limit=1")]
    [InlineData("/api/v1/namespaces/{ns}/configmaps?labelSelector=no%3Dsuch")]
    [InlineData("/api/v1/componentstatuses")]
    [InlineData("/api")]
    [InlineData("/apis")]
    [InlineData("/api/v1")]
    [InlineData("/apis/apps")]
    [InlineData("/apis/apps/v1")]
    public async Task Get_InBothForms_SaysTheSame(string path)
    {
        (JsonObject json, JsonObject binary) = await world.GetBothAsync(path.Replace("{ns}", world.Namespace, StringComparison.Ordinal));

        World.AssertSame(json, binary);
    }

    [Theory]
    [InlineData("/api", "v2")]
    [InlineData("/apis", "v2")]
    [InlineData("/apis", "v2beta1")]
    public async Task Get_AggregatedDiscovery_HasBothForms(string path, string version)
    {
        string shape = $";g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList";
        using HttpResponseMessage json = await world.GetAsync(path, "application/json" + shape);
        using HttpResponseMessage binary = await world.GetAsync(path, "application/json, " + Binary + shape);

        Assert.Equal(Binary + shape, binary.Content.Headers.ContentType!.ToString().Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal(json.Headers.ETag, binary.Headers.ETag);
        World.AssertSame(await World.JsonAsync(json), await World.JsonAsync(binary));
    }

    [Fact]
    public async Task Write_InProtobuf_AnswersWhatWasWritten()
    {
        string path = $"/api/v1/namespaces/{world.Namespace}/configmaps";
        JsonObject created = await world.SendAsync(HttpMethod.Post, path, """{"metadata":{"name":"written"},"data":{"k":"1"}}""", 201);
        JsonObject patched = await world.SendAsync(HttpMethod.Patch, path + "/written", """{"data":{"k":"2"}}""", 200, "application/merge-patch+json");
        JsonObject put = await world.SendAsync(HttpMethod.Put, path + "/written", """{"metadata":{"name":"written"},"data":{"k":"3"}}""", 200);
        JsonObject deleted = await world.SendAsync(HttpMethod.Delete, path + "/written", null, 200);
        JsonObject refused = await world.SendAsync(HttpMethod.Post, path, """{"metadata":{"name":"A"}}""", 422);

        Assert.Equal(["1", "2", "3"], new[] { created, patched, put }.Select(o => o.TextAt("data", "k")));
        Assert.Equal(("Status", "Success", "written"), (deleted.Kind, deleted.TextAt("status"), deleted.TextAt("details", "name")));
        Assert.Equal(("Failure", "Invalid", "metadata.name"), (refused.TextAt("status"), refused.TextAt("reason"), (string?)refused["details"]!["causes"]![0]!["field"]));
    }

    [Fact]
    public async Task DeleteCollection_InProtobuf_AnswersWhatWasDeleted()
    {
        string path = $"/api/v1/namespaces/{world.Namespace}/secrets";
        await world.SendAsync(HttpMethod.Post, path, """{"metadata":{"name":"s1","labels":{"all":"gone"}},"data":{"x":"AAEC"}}""", 201);

        JsonObject gone = await world.SendAsync(HttpMethod.Delete, path + "?labelSelector=all%3Dgone", null, 200);

        Assert.Equal("SecretList", gone.Kind);
        Assert.Equal("AAEC", (string?)((JsonArray)gone["items"]!).Single()!["data"]!["x"]);
    }

    [Theory]
    [InlineData("/api/v1/namespaces/{ns}/serviceaccounts/default/token", "{}", "TokenRequest", "status", "token")]
    [InlineData("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", """{"spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}""", "SelfSubjectAccessReview", "status", "reason")]
    [InlineData("/apis/authentication.k8s.io/v1/selfsubjectreviews", "{}", "SelfSubjectReview", "status", "userInfo")]
    public async Task Create_OfWhatIsKeptNowhere_IsAnswered(string path, string body, string kind, params string[] member)
    {
        JsonObject answer = await world.SendAsync(HttpMethod.Post, path.Replace("{ns}", world.Namespace, StringComparison.Ordinal), body, 201);

        Assert.Equal(kind, answer.Kind);
        Assert.NotNull(answer.NodeAt(member));
    }

    /// <summary>More than is kept of what was encoded: the rest is encoded again.</summary>
    [Fact]
    public async Task List_LargerThanWhatIsKept_IsWhole()
    {
        string ns = await world.NamespaceAsync();
        string value = new('x', 900_000);
        for (int i = 0; i < 20; i++)
        {
            await world.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/configmaps", $$"""{"metadata":{"name":"big-{{i}}"},"data":{"k":"{{i}}{{value}}"} }""", 201);
        }

        // With the certificate that comes by itself there are 21.
        await ServerFixture.SettledAsync(world.Admin);
        (JsonObject expected, JsonObject actual) = await world.GetBothAsync($"/api/v1/namespaces/{ns}/configmaps");

        World.AssertSame(expected, actual);
        Assert.Equal(21, ((JsonArray)actual["items"]!).Count);
    }

    [Theory]
    [InlineData(Binary, "ConfigMap")]
    [InlineData(Binary + ";stream=watch", "ConfigMap")]
    [InlineData(Binary + ";" + Metadata, "PartialObjectMetadata")]
    public async Task Watch_InProtobuf_SendsFramesOfEvents(string accept, string kind)
    {
        string ns = await world.NamespaceAsync();
        using HttpResponseMessage watch = await world.OpenAsync($"/api/v1/namespaces/{ns}/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&fieldSelector=metadata.name%3Da", accept);
        await using Stream frames = await watch.Content.ReadAsStreamAsync(ServerFixture.Token);
        var first = await EventAsync(frames);
        await world.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/configmaps", """{"metadata":{"name":"a","labels":{"x":"y"}},"data":{"k":"1"}}""", 201);
        var added = await EventAsync(frames);
        await world.SendAsync(HttpMethod.Patch, $"/api/v1/namespaces/{ns}/configmaps/a", """{"data":{"k":"2"}}""", 200, "application/merge-patch+json");
        var modified = await EventAsync(frames);
        await world.SendAsync(HttpMethod.Delete, $"/api/v1/namespaces/{ns}/configmaps/a", null, 200);
        var deleted = await EventAsync(frames);

        Assert.Equal(Binary + ";stream=watch", watch.Content.Headers.ContentType!.ToString().Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal(["BOOKMARK", "ADDED", "MODIFIED", "DELETED"], new[] { first, added, modified, deleted }.Select(e => e.Type));
        Assert.All([first, added, modified, deleted], e => Assert.Equal(kind, e.Object.Kind));
        Assert.Equal("true", first.Object.TextAt("metadata", "annotations", "k8s.io/initial-events-end"));
        Assert.Equal(("a", "y"), (added.Object.Name, added.Object.TextAt("metadata", "labels", "x")));
        Assert.Equal(kind == "ConfigMap" ? "2" : null, modified.Object["data"]?["k"]?.GetValue<string>());
    }

    /// <summary>Many who watch one thing are sent what was encoded once.</summary>
    [Fact]
    public async Task Watch_ByMany_AllGetTheEvent()
    {
        string ns = await world.NamespaceAsync();
        string? start = (await world.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps", null, 200)).TextAt("metadata", "resourceVersion");
        string path = $"/api/v1/namespaces/{ns}/configmaps?watch=1&resourceVersion={start}&fieldSelector=metadata.name%3Da";
        HttpResponseMessage[] watches = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => world.OpenAsync(path, i % 2 == 0 ? Binary : Binary + ";" + Metadata)));
        JsonObject made = await world.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/configmaps", """{"metadata":{"name":"a"},"data":{"k":"1"}}""", 201);

        for (int i = 0; i < watches.Length; i++)
        {
            await using Stream frames = await watches[i].Content.ReadAsStreamAsync(ServerFixture.Token);
            (string type, JsonObject seen) = await EventAsync(frames);
            Assert.Equal(("ADDED", i % 2 == 0 ? "ConfigMap" : "PartialObjectMetadata", made.Uid), (type, seen.Kind, seen.Uid));
            watches[i].Dispose();
        }
    }

    [Fact]
    public async Task Watch_FromWhatIsNotKept_EndsWithAStatus()
    {
        using HttpResponseMessage watch = await world.OpenAsync($"/api/v1/namespaces/{world.Namespace}/configmaps?watch=1&resourceVersion=99999999999999&timeoutSeconds=1", Binary);
        await using Stream frames = await watch.Content.ReadAsStreamAsync(ServerFixture.Token);
        (string type, JsonObject status) = await EventAsync(frames);

        Assert.Equal(("ERROR", "Status", 504L), (type, status.Kind, status.NumberAt("code")));
    }

    /// <summary>Each object says which cluster it is of, and the encoding has no field for that.</summary>
    [Fact]
    public async Task List_OverAllClusters_IsJson()
    {
        using HttpResponseMessage answer = await world.GetEverywhereAsync("/api/v1/configmaps", Binary + ",application/json");
        using HttpResponseMessage refused = await world.GetEverywhereAsync("/api/v1/configmaps", Binary);

        Assert.Equal((HttpStatusCode.OK, "application/json"), (answer.StatusCode, answer.Content.Headers.ContentType!.ToString()));
        Assert.Equal(HttpStatusCode.NotAcceptable, refused.StatusCode);
    }

    /// <summary>The same object, read from protobuf by any of its threads, is never another's.</summary>
    [Fact]
    public async Task Get_ByMany_EachGetsItsOwn()
    {
        string ns = await world.NamespaceAsync();
        for (int i = 0; i < 4; i++)
        {
            await world.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/configmaps", $$"""{"metadata":{"name":"m{{i}}"},"data":{"k":"{{new string((char)('a' + i), 5000 * (i + 1))}}"} }""", 201);
        }

        JsonObject[] all = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => world.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps/m{i % 4}", null, 200)));

        for (int i = 0; i < all.Length; i++)
        {
            Assert.Equal(new string((char)('a' + (i % 4)), 5000 * ((i % 4) + 1)), all[i].TextAt("data", "k"));
        }
    }

    private static async Task<(string Type, JsonObject Object)> EventAsync(Stream frames)
    {
        byte[] length = new byte[4];
        await frames.ReadExactlyAsync(length, ServerFixture.Token);
        byte[] message = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        await frames.ReadExactlyAsync(message, ServerFixture.Token);

        // type = 1, then object = 2 with raw = 1, both to the end of the message
        Assert.Equal(0x0a, message[0]);
        string type = System.Text.Encoding.ASCII.GetString(message, 2, message[1]);
        int at = message.AsSpan().IndexOf("k8s\0"u8);
        return (type, KubernetesProtobuf.ToJson(message.AsSpan(at)));
    }

    /// <summary>A server with a few objects.</summary>
    public sealed class World : IAsyncLifetime
    {
        private readonly ServerFixture fixture = new();
        private RawHttp http = null!;

        public string Namespace { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            await fixture.InitializeAsync();
            http = new RawHttp(fixture.Server);
            Namespace = await fixture.NamespaceAsync();
            await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, Namespace, ServerFixture.ConfigMap("a", "ü\n", ("x", "y")), ServerFixture.Token);
            await fixture.Admin.CreateAsync(ServerFixture.Pods, Namespace, ServerFixture.Pod("p"), ServerFixture.Token);
            await fixture.Admin.CreateAsync(ServerFixture.Deployments, Namespace, (JsonObject)JsonNode.Parse("""
                {"metadata":{"name":"d"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"strategy":{"rollingUpdate":{"maxSurge":"25%","maxUnavailable":1}},
                 "template":{"metadata":{"labels":{"a":"b"}},"spec":{"volumes":[{"name":"v","downwardAPI":{"items":[{"path":"l","resourceFieldRef":{"containerName":"c","resource":"limits.cpu"}}]}}],
                  "containers":[{"name":"c","image":"i:1","resources":{"limits":{"cpu":"1500m"}},"livenessProbe":{"httpGet":{"path":"/","port":"http"}},"env":[{"name":"E","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}]}}}}
                """)!, ServerFixture.Token);
            await fixture.Admin.CreateAsync(new GroupVersionResource("autoscaling", "v2", "horizontalpodautoscalers"), Namespace, (JsonObject)JsonNode.Parse("""
                {"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"d"},"maxReplicas":3,
                 "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}}]}}
                """)!, ServerFixture.Token);
            await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("bolts"), ServerFixture.Token);
            await fixture.Admin.CreateAsync(ServerFixture.Custom("bolts"), Namespace, (JsonObject)JsonNode.Parse("""{"apiVersion":"test.example.com/v1","kind":"Kindbolts","metadata":{"name":"a"}}""")!, ServerFixture.Token);
        }

        public async ValueTask DisposeAsync()
        {
            http.Dispose();
            await fixture.DisposeAsync();
        }

        public KubeClient Admin => fixture.Admin;

        public Task<string> NamespaceAsync() => fixture.NamespaceAsync();

        /// <summary>The same in JSON and in protobuf: of one state, since what a server does by itself may come between two requests, and a list says at which revision it is.</summary>
        public async Task<(JsonObject Json, JsonObject Binary)> GetBothAsync(string path)
        {
            JsonObject json = [], binary = [];
            await Eventually.TrueAsync(
                async () =>
                {
                    using HttpResponseMessage first = await GetAsync(path, "application/json");
                    using HttpResponseMessage second = await GetAsync(path, Binary);
                    Assert.Equal((first.StatusCode, Binary), (second.StatusCode, second.Content.Headers.ContentType!.ToString()));
                    (json, binary) = (await JsonAsync(first), await JsonAsync(second));
                    return (json.TextAt("metadata", "resourceVersion") ?? "") == (binary.TextAt("metadata", "resourceVersion") ?? "");
                },
                "both are of one state", cancellationToken: ServerFixture.Token);
            return (json, binary);
        }


        public Task<HttpResponseMessage> GetAsync(string path, string? accept) => http.SendAsync(HttpMethod.Get, path, headers: accept is null ? [] : [("Accept", accept)]);

        public async Task<HttpResponseMessage> GetEverywhereAsync(string path, string accept)
        {
            using var everywhere = new RawHttp(fixture.Server, ClusterName.All);
            return await everywhere.SendAsync(HttpMethod.Get, path, headers: ("Accept", accept));
        }

        public Task<HttpResponseMessage> OpenAsync(string path, string accept) => http.OpenAsync(path, ("Accept", accept));

        public async Task<JsonObject> SendAsync(HttpMethod method, string path, string? body, int code, string contentType = "application/json")
        {
            using HttpResponseMessage answer = await http.SendAsync(method, path, body, contentType, ("Accept", Binary));
            JsonObject json = await JsonAsync(answer);
            Assert.True((int)answer.StatusCode == code, json.ToJsonString());
            Assert.Equal(Binary, answer.Content.Headers.ContentType!.ToString());
            return json;
        }

        public static async Task<JsonObject> JsonAsync(HttpResponseMessage answer)
        {
            byte[] body = await answer.Content.ReadAsByteArrayAsync(ServerFixture.Token);
            return KubernetesProtobuf.IsEnveloped(body) ? KubernetesProtobuf.ToJson(body) : (JsonObject)JsonNode.Parse(body)!;
        }

        /// <summary>What is empty is left out of JSON in places, and always written in the other form.</summary>
        public static void AssertSame(JsonObject json, JsonObject binary)
        {
            foreach (JsonNode? item in json["items"] as JsonArray ?? [])
            {
                ((JsonObject)item!).Remove("kind");
                ((JsonObject)item).Remove("apiVersion");
            }

            json["apiVersion"] ??= "";
            JsonNode? expected = Set(json), actual = Set(binary);
            Assert.True(JsonNode.DeepEquals(expected, actual), $"expected {expected?.ToJsonString()}\nactual   {actual?.ToJsonString()}");
        }

        private static JsonNode? Set(JsonNode? node)
        {
            switch (node)
            {
                case JsonObject json:
                    KeyValuePair<string, JsonNode?>[] members = [.. json.Select(m => KeyValuePair.Create(m.Key, Set(m.Value))).Where(m => m.Value is not null)];
                    return members.Length > 0 ? new JsonObject(members) : null;
                case JsonArray items:
                    return items.Count > 0 ? new JsonArray([.. items.Select(Set)]) : null;
                case JsonValue value:
                    return value.ToJsonString() is "\"\"" or "0" or "false" ? null : value.DeepClone();
                default:
                    return null;
            }
        }
    }
}
