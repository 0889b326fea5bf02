using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

/// <summary>Devices that claims ask for by their class and pods by the name of an extended resource: one quota holds for both (KEP 5004).</summary>
public sealed class DeviceQuotaTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly CancellationToken Token = ServerFixture.Token;
    private static readonly GroupVersionResource Claims = new("resource.k8s.io", "v1", "resourceclaims");
    private static readonly GroupVersionResource Classes = new("resource.k8s.io", "v1", "deviceclasses");

    [Fact]
    public async Task Create_APodThatAsksByAClass_IsCharged()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", """{"requests.deviceclass.resource.kubernetes.io/tpu":"2"}"""), Token);

        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("a", """{"requests":{"deviceclass.resource.kubernetes.io/tpu":"2"},"limits":{"deviceclass.resource.kubernetes.io/tpu":"2"}}"""), Token);
        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(
            ServerFixture.Pods, ns, Pod("b", """{"requests":{"deviceclass.resource.kubernetes.io/tpu":"1"},"limits":{"deviceclass.resource.kubernetes.io/tpu":"1"}}"""), Token));

        Assert.Equal(
            "pods \"b\" is forbidden: exceeded quota: q, requested: requests.deviceclass.resource.kubernetes.io/tpu=1, used: requests.deviceclass.resource.kubernetes.io/tpu=2, "
            + "limited: requests.deviceclass.resource.kubernetes.io/tpu=2",
            refusal.Message);
    }

    [Fact]
    public async Task Create_AClaim_IsChargedByEachNameOfItsClass()
    {
        string ns = await fixture.NamespaceAsync();
        await ClassAsync("claimed", "example.com/claimed");
        await fixture.Admin.CreateAsync(
            Quotas, ns, Quota("q", """{"claimed.deviceclass.resource.k8s.io/devices":"5","requests.deviceclass.resource.kubernetes.io/claimed":"5","requests.example.com/claimed":"3"}"""), Token);

        await fixture.Admin.CreateAsync(Claims, ns, Claim("a", "claimed", 2), Token);
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p", """{"requests":{"example.com/claimed":"1"},"limits":{"example.com/claimed":"1"}}"""), Token);
        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(Claims, ns, Claim("b", "claimed", 1), Token));

        Assert.Equal(
            "resourceclaims.resource.k8s.io \"b\" is forbidden: exceeded quota: q, requested: requests.example.com/claimed=1, used: requests.example.com/claimed=3, limited: requests.example.com/claimed=3",
            refusal.Message);
        Assert.Equal(
            """{"claimed.deviceclass.resource.k8s.io/devices":"2","requests.deviceclass.resource.kubernetes.io/claimed":"2","requests.example.com/claimed":"3"}""", await UsedAsync(ns));
    }

    /// <summary>A class that names no extended resource is one by its own name; one that there is not is none.</summary>
    [Fact]
    public async Task Create_AClaimOfAClassThatNamesNothing_IsChargedByItsOwnNameOnceItIsThere()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", """{"requests.deviceclass.resource.kubernetes.io/plain":"2","requests.example.com/plain":"1"}"""), Token);

        await fixture.Admin.CreateAsync(Claims, ns, Claim("before", "plain", 7), Token);
        Assert.Equal("""{"requests.deviceclass.resource.kubernetes.io/plain":"0","requests.example.com/plain":"0"}""", await UsedAsync(ns));
        await ClassAsync("plain", null);
        await Eventually.TrueAsync(
            async () => await UsedAsync(ns) == """{"requests.deviceclass.resource.kubernetes.io/plain":"7","requests.example.com/plain":"0"}""", "counted again", cancellationToken: Token);
        Assert.Equal(403, (await RefusalAsync(() => fixture.Admin.CreateAsync(Claims, ns, Claim("after", "plain", 1), Token))).Code);
    }

    /// <summary>What the scheduler makes for a pod that asked for extended resources was charged to the pod.</summary>
    [Theory]
    [InlineData("""{"extendedResourceClaimStatus": {"resourceClaimName": "own", "requestMappings": []} }""", "own", true, "2")]
    [InlineData("""{"extendedResourceClaimStatus": {"resourceClaimName": "other", "requestMappings": []} }""", "own", true, "4")]
    [InlineData("""{}""", "own", true, "2")]
    [InlineData("""{}""", "own", false, "4")]
    public async Task Create_AClaimForAPodsExtendedResources_IsChargedBeyondThePod(string status, string name, bool isMarked, string used)
    {
        string ns = await fixture.NamespaceAsync(), extended = $"example.com/{ns}";
        await ClassAsync(ns, extended);
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", $$"""{"requests.{{extended}}":"9"}"""), Token);
        KubeObject pod = await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p", $$"""{"requests":{"{{extended}}":"2"},"limits":{"{{extended}}":"2"} }"""), Token);
        await fixture.Admin.PatchAsync(ServerFixture.Pods, ns, "p", Client.PatchKind.Merge, new JsonObject { ["status"] = JsonNode.Parse(status) }, Token, "status");

        JsonObject claim = Claim(name, ns, 2);
        claim["metadata"]!["ownerReferences"] = JsonNode.Parse($$"""[{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "{{pod.Uid}}", "controller": true}]""");
        if (isMarked)
        {
            claim["metadata"]!["annotations"] = new JsonObject { ["resource.kubernetes.io/extended-resource-claim"] = "true" };
        }

        await fixture.Admin.CreateAsync(Claims, ns, claim, Token);

        Assert.Equal($$"""{"requests.{{extended}}":"{{used}}"}""", await UsedAsync(ns));
    }

    /// <summary>Of two claims that both say that they are a pod's, of which the pod says nothing, the first is.</summary>
    [Fact]
    public async Task Create_ASecondClaimForAPod_IsChargedAsAnyOther()
    {
        string ns = await fixture.NamespaceAsync(), extended = $"example.com/{ns}";
        await ClassAsync(ns, extended);
        await fixture.Admin.CreateAsync(Quotas, ns, Quota("q", $$"""{"requests.{{extended}}":"9"}"""), Token);
        KubeObject pod = await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p", $$"""{"requests":{"{{extended}}":"2"},"limits":{"{{extended}}":"2"} }"""), Token);
        foreach (string name in (string[])["a", "b"])
        {
            JsonObject claim = Claim(name, ns, 2);
            claim["metadata"]!["annotations"] = new JsonObject { ["resource.kubernetes.io/extended-resource-claim"] = "true" };
            claim["metadata"]!["ownerReferences"] = JsonNode.Parse($$"""[{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "{{pod.Uid}}", "controller": true}]""");
            await fixture.Admin.CreateAsync(Claims, ns, claim, Token);
        }

        Assert.Equal($$"""{"requests.{{extended}}":"4"}""", await UsedAsync(ns));
    }

    private async Task ClassAsync(string name, string? extended) => await fixture.Admin.CreateAsync(
        Classes, "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = extended is null ? new JsonObject() : new JsonObject { ["extendedResourceName"] = extended } }, Token);

    private async Task<string> UsedAsync(string ns) => (await fixture.Admin.GetAsync(Quotas, ns, "q", Token)).At("status", "used")!.Value.GetRawText();

    private static JsonObject Claim(string name, string deviceClass, int count) =>
        Json($$"""{"metadata":{"name":"{{name}}"},"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"{{deviceClass}}","count":{{count}} } }]} } }""");
}
