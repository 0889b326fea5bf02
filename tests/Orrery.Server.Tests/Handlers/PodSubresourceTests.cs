using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Server.Tests.Handlers;

/// <summary>What may be changed of a pod that runs: containers to look at it with, and what its containers may use.</summary>
public sealed class PodSubresourceTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static CancellationToken Token => ServerFixture.Token;

    [Fact]
    public async Task EphemeralContainers_AreAddedThroughTheirDoorAlone_AndStay()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, ServerFixture.Pod("p"), Token);
        JsonObject added = Patch("""{"spec":{"ephemeralContainers":[{"name":"debug","image":"tools:1","targetContainerName":"c"}],"hostname":"other"}}""");

        KubeObject pod = await fixture.Admin.PatchAsync(ServerFixture.Pods, ns, "p", PatchKind.Strategic, added, Token, "ephemeralcontainers");
        StatusException removed = await Refused(ns, "ephemeralcontainers", """{"spec":{"ephemeralContainers":null}}""");
        StatusException badPort = await Refused(ns, "ephemeralcontainers", """{"spec":{"ephemeralContainers":[{"name":"debug","image":"tools:1","targetContainerName":"c"},{"name":"two","image":"i","ports":[{"containerPort":80}]}]}}""");
        StatusException direct = await Refused(ns, "", """{"spec":{"ephemeralContainers":[{"name":"other","image":"i"}]}}""");

        Assert.Equal("IfNotPresent", Container(pod, "ephemeralContainers").TextAt("imagePullPolicy"));
        Assert.Null(pod.TextAt("spec", "hostname"));
        Assert.Equal("spec.ephemeralContainers", Assert.Single(removed.Status.Details!.Causes).Field);
        Assert.Equal("spec.ephemeralContainers[1].ports", Assert.Single(badPort.Status.Details!.Causes).Field);
        Assert.Equal("spec", Assert.Single(direct.Status.Details!.Causes).Field);
    }

    [Fact]
    public async Task Resize_ChangesResourcesWithinTheClassOfQuality()
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject made = ServerFixture.Pod("p");
        ((JsonObject)made["spec"]!["containers"]![0]!)["resources"] = JsonNode.Parse("""{"requests":{"cpu":"100m","memory":"64Mi"}}""");
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, made, Token);

        KubeObject pod = await fixture.Admin.PatchAsync(ServerFixture.Pods, ns, "p", PatchKind.Strategic, Patch("""{"spec":{"containers":[{"name":"c","image":"other:2","resources":{"requests":{"cpu":"200m"}}}]}}"""), Token, "resize");
        StatusException quality = await Refused(ns, "resize", """{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"1","memory":"64Mi"},"limits":{"cpu":"1","memory":"64Mi"}}}]}}""");
        StatusException removed = await Refused(ns, "resize", """{"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"200m"}}}]}}""");
        StatusException direct = await Refused(ns, "", """{"spec":{"containers":[{"name":"c","image":"i:1","resources":{"requests":{"cpu":"300m"}}}]}}""");

        Assert.Equal("200m", Container(pod, "containers").ObjectAt("resources").ObjectAt("requests").TextAt("cpu"));
        Assert.Equal("i:1", Container(pod, "containers").TextAt("image"));
        Assert.Equal("Pod QOS Class may not change as a result of resizing", quality.Status.Details!.Causes[0].Message.Split(": ")[^1]);
        Assert.Equal("spec.containers[0].resources.requests", removed.Status.Details!.Causes[0].Field);
        Assert.Equal("spec", Assert.Single(direct.Status.Details!.Causes).Field);
    }

    /// <summary>What is more than a resize is refused, and not left out in silence.</summary>
    [Theory]
    [InlineData("""{"spec":{"containers":[{"name":"c"},{"name":"d","image":"i:1"}]}}""", "spec.containers", "Forbidden: containers may not be added or removed on resize")]
    [InlineData("""{"spec":{"containers":[{"name":"d","image":"i:1"}]}}""", "spec.containers[0].name", "Forbidden: containers may not be renamed or reordered on resize")]
    [InlineData("""{"spec":{"initContainers":[{"name":"d","image":"i:1"}]}}""", "spec.initContainers", "Forbidden: initContainers may not be added or removed on resize")]
    [InlineData("""{"spec":{"containers":[{"name":"c","resizePolicy":[{"resourceName":"cpu","restartPolicy":"RestartContainer"}]}]}}""", "spec", "Forbidden: only cpu and memory resources are mutable")]
    public async Task Resize_ThatIsMoreThanThat_IsRefused(string patch, string field, string message)
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, ServerFixture.Pod("p"), Token);

        StatusException refusal = await Refused(ns, "resize", patch);

        Assert.Contains((field, message), refusal.Status.Details!.Causes.Select(c => (c.Field!, c.Message)));
    }

    [Theory]
    [InlineData("resize")]
    [InlineData("ephemeralcontainers")]
    public async Task Subresource_LeavesMetadataAlone(string subresource)
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, ServerFixture.Pod("p"), Token);

        KubeObject pod = await fixture.Admin.PatchAsync(
            ServerFixture.Pods, ns, "p", PatchKind.Merge, Patch("""{"metadata":{"labels":{"a":"b"},"annotations":{"a":"b"},"finalizers":["example.com/x"]}}"""), Token, subresource);

        Assert.Equal((0, 0, 0), (pod.Labels.Count, pod.Annotations.Count, pod.Finalizers.Count()));
    }

    /// <summary>A pod that sets limits for itself as a whole asks for what its containers ask for together, or for its limits, and has its class by that.</summary>
    [Fact]
    public async Task Resize_OfThePodAsAWhole_ChangesItsAmounts()
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject made = ServerFixture.Pod("p");
        made["spec"]!["resources"] = JsonNode.Parse("""{"limits":{"cpu":"1","memory":"1Gi"}}""");
        ((JsonObject)made["spec"]!["containers"]![0]!)["resources"] = JsonNode.Parse("""{"requests":{"cpu":"100m"}}""");
        KubeObject before = await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, made, Token);

        KubeObject pod = await fixture.Admin.PatchAsync(ServerFixture.Pods, ns, "p", PatchKind.Merge, Patch("""{"spec":{"resources":{"limits":{"cpu":"2"}}}}"""), Token, "resize");
        StatusException removed = await Refused(ns, "resize", """{"spec":{"resources":null}}""");
        StatusException less = await Refused(ns, "resize", """{"spec":{"resources":{"limits":{"cpu":null}}}}""");
        StatusException page = await Refused(ns, "resize", """{"spec":{"resources":{"limits":{"hugepages-2Mi":"2Mi"},"requests":{"hugepages-2Mi":"2Mi"}}}}""");

        Assert.Equal("""{"limits":{"cpu":"1","memory":"1Gi"},"requests":{"cpu":"100m","memory":"1Gi"}}""", before.At("spec", "resources")!.Value.GetRawText());
        Assert.Equal("Burstable", before.TextAt("status", "qosClass"));
        Assert.Equal("""{"limits":{"cpu":"2","memory":"1Gi"},"requests":{"cpu":"100m","memory":"1Gi"}}""", pod.At("spec", "resources")!.Value.GetRawText());
        Assert.Contains("Forbidden: pod-level resources cannot be removed", removed.Status.Details!.Causes.Select(c => c.Message));
        Assert.Contains("Forbidden: pod-level resource limits cannot be removed", less.Status.Details!.Causes.Select(c => c.Message));
        Assert.Equal("Forbidden: only cpu and memory resources are mutable at pod-level", Assert.Single(page.Status.Details!.Causes).Message);
    }

    [Fact]
    public async Task Resize_OfAContainerThatRunsOnce_IsItsAmountsAlone()
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject made = ServerFixture.Pod("p");
        ((JsonObject)made["spec"]!["containers"]![0]!)["resources"] = JsonNode.Parse("""{"requests":{"cpu":"100m"}}""");
        made["spec"]!["initContainers"] = JsonNode.Parse("""[{"name":"first","image":"i:1","resources":{"requests":{"cpu":"100m"}}}]""");
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, made, Token);

        KubeObject pod = await fixture.Admin.PatchAsync(
            ServerFixture.Pods, ns, "p", PatchKind.Strategic, Patch("""{"spec":{"initContainers":[{"name":"first","resources":{"requests":{"cpu":"300m"}}}]}}"""), Token, "resize");
        StatusException other = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.PatchAsync(
            ServerFixture.Pods, ns, "p", PatchKind.Strategic, Patch("""{"spec":{"initContainers":[{"name":"first","resources":{"requests":{"ephemeral-storage":"1Gi"}}}]}}"""), Token, "resize"));

        Assert.Equal("300m", Container(pod, "initContainers").TextAt("resources", "requests", "cpu"));
        Assert.Equal(("spec.initContainers[0]", "Forbidden: only cpu and memory resources for init or sidecar containers are mutable"), (other.Status.Details!.Causes[0].Field, other.Status.Details.Causes[0].Message));
    }

    /// <summary>The body is about the pod that the path names (pkg/registry/core/pod/storage).</summary>
    [Theory]
    [InlineData("binding", """{"target":{"name":"n"}}""", 400, "name in URL does not match name in Binding object")]
    [InlineData("binding", """{"metadata":{"name":"q"},"target":{"name":"n"}}""", 400, "name in URL does not match name in Binding object")]
    [InlineData("binding", """{"metadata":{"name":"p","namespace":"other"},"target":{"name":"n"}}""", 400, "the namespace of the provided object does not match the namespace sent on the request")]
    [InlineData("binding", """{"metadata":{"name":"p"},"target":{"kind":"Pod"}}""", 422, "Binding \"p\" is invalid: [target.kind: Unsupported value: \"Pod\": supported values: \"Node\", \"<empty>\", target.name: Required value]")]
    [InlineData("binding", """{"metadata":{"name":"p","resourceVersion":"1"},"target":{"name":"n"}}""", 409, null)]
    [InlineData("eviction", "{}", 400, "name in URL does not match name in Eviction object")]
    [InlineData("eviction", """{"metadata":{"name":"q"}}""", 400, "name in URL does not match name in Eviction object")]
    [InlineData("eviction", """{"metadata":{"name":"p","namespace":"other"}}""", 400, "the namespace of the provided object does not match the namespace sent on the request")]
    public async Task Post_OfSomethingElse_IsRefused(string subresource, string body, int code, string? message)
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, ServerFixture.Pod("p"), Token);
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods/p/{subresource}", body);

        Assert.Equal(code, (int)answer.StatusCode);
        string? said = (string?)(await RawHttp.JsonAsync(answer))["message"];
        Assert.Equal(message ?? said, said);
        Assert.Null((await fixture.Admin.GetAsync(ServerFixture.Pods, ns, "p", Token)).TextAt("spec", "nodeName"));
    }

    /// <summary>What the request says of itself is judged as the options of a create, before its body is.</summary>
    [Fact]
    public async Task Evict_WithAnUnknownDryRun_IsRefusedAsACreate()
    {
        string ns = await fixture.NamespaceAsync();
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods/p/eviction?dryRun=x", """{"metadata":{"name":"q"}}""");

        Assert.Equal(
            (422, "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"x\"]: supported values: \"All\""),
            ((int)answer.StatusCode, (string?)(await RawHttp.JsonAsync(answer))["message"]));
    }

    /// <summary>Who only tries an eviction says so of the request; what its body says of the deletion is beside that.</summary>
    [Theory]
    [InlineData("?dryRun=All", """{"metadata":{"name":"p"}}""", true)]
    [InlineData("?dryRun=All", """{"metadata":{"name":"p"},"deleteOptions":{"gracePeriodSeconds":0}}""", true)]
    [InlineData("", """{"metadata":{"name":"p"},"deleteOptions":{"dryRun":["All"]}}""", true)]
    [InlineData("?resourceVersion=1&uid=x", """{"metadata":{"name":"p"}}""", false)]
    public async Task Evict_Tried_LeavesThePod(string query, string body, bool isTried)
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, ServerFixture.Pod("p"), Token);
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/pods/p/eviction{query}", body);

        Assert.Equal(201, (int)answer.StatusCode);
        Assert.Equal(isTried, await fixture.Admin.FindAsync(ServerFixture.Pods, ns, "p", Token) is not null);
    }

    private static JsonObject Patch(string json) => JsonNode.Parse(json)!.AsObject();

    private static JsonObject Container(KubeObject pod, string list) => JsonNode.Parse(pod.Json.GetRawText())!["spec"]![list]![0]!.AsObject();

    private Task<StatusException> Refused(string ns, string subresource, string patch) => Assert.ThrowsAsync<StatusException>(() =>
        fixture.Admin.PatchAsync(ServerFixture.Pods, ns, "p", PatchKind.Merge, Patch(patch), Token, subresource.Length == 0 ? null : subresource));
}
