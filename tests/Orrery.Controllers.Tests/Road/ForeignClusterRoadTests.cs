using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A data plane whose owner has policies and controllers of their own, which change, forbid and dispute what is applied there.</summary>
public sealed class ForeignClusterRoadTests(ForeignCluster world) : IClassFixture<ForeignCluster>
{
    private const string Mapped = "acme-shop-default";
    private static readonly GroupVersionResource MutatingPolicies = new("admissionregistration.k8s.io", "v1", "mutatingadmissionpolicies");
    private static readonly GroupVersionResource MutatingBindings = new("admissionregistration.k8s.io", "v1", "mutatingadmissionpolicybindings");
    private static readonly GroupVersionResource Policies = new("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies");
    private static readonly GroupVersionResource Bindings = new("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings");

    [Theory]
    [InlineData("rewritten", "{}")]
    [InlineData("rewritten-reported", """{"orrery.dev/drift": "Report"}""")]
    public async Task Field_ThatTheClusterRewrites_IsNoDrift(string name, string annotations)
    {
        await MutateAsync(name);
        await world.Shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap(name, annotations, "a"), default);
        await Eventually.TrueAsync(async () => (await FoundAsync(name))?.TextAt("data", "key") == "mirror.example/a", "applied and rewritten", TimeSpan.FromSeconds(60));
        await AppliedAsync(name, "Applied");

        // 1. Somebody adds something beside, and a satellite that starts anew looks at all of it once more.
        await world.Inside.PatchAsync(CoreResources.ConfigMaps, Mapped, name, PatchKind.Merge, Json("""{"metadata": {"annotations": {"theirs": "1"} } }"""), default);
        await world.Fleet.StopSatelliteAsync("pa2-par");
        world.Fleet.StartSatellite("pa2-par");
        await world.Inside.PatchAsync(CoreResources.ConfigMaps, Mapped, name, PatchKind.Merge, Json("""{"metadata": {"annotations": {"theirs": "2"} } }"""), default);

        // 2. What is wanted anew comes into force; until then nobody has spoken of drift, and nobody does.
        await world.Shop.PatchAsync(CoreResources.ConfigMaps, "default", name, PatchKind.Merge, Json("""{"data": {"key": "b"} }"""), default);
        await Eventually.TrueAsync(async () => (await FoundAsync(name))?.TextAt("data", "key") == "mirror.example/b", "the new value", TimeSpan.FromSeconds(60));
        await AppliedAsync(name, "Applied");
        Assert.Equal("", string.Join("; ", (await SaidAsync(name)).Select(e => $"{e.TextAt("reason")}: {e.TextAt("message")}")));
        Assert.Equal("2", (await FoundAsync(name))!.Annotations["theirs"]);

        // 3. Nor when somebody adds something beside what this satellite itself applied: what is wanted later comes into force after the look at that.
        await world.Inside.PatchAsync(CoreResources.ConfigMaps, Mapped, name, PatchKind.Merge, Json("""{"metadata": {"annotations": {"theirs": "3"} } }"""), default);
        await world.Shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap(name + "-later", "{}", "a"), default);
        await AppliedAsync(name + "-later", "Applied");
        await AppliedAsync(name, "Applied");
        Assert.Equal("", string.Join("; ", (await SaidAsync(name)).Select(e => $"{e.TextAt("reason")}: {e.TextAt("message")}")));

        // 4. Real drift is still found.
        await world.Inside.PatchAsync(CoreResources.ConfigMaps, Mapped, name, PatchKind.Merge, Json("""{"data": {"key": "hacked"} }"""), default);
        string said = annotations.Contains("Report", StringComparison.Ordinal) ? "Drifted" : "DriftCorrected";
        await Eventually.TrueAsync(async () => (await SaidAsync(name)).Any(e => e.TextAt("reason") == said), said, TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Recreate_OfWhatTheClusterForbids_LeavesTheOneThatIsThere()
    {
        await world.Shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("guarded", """{"orrery.dev/immutable": "Recreate"}""", "a"), default);
        string uid = (await Eventually.SomeAsync(() => FoundAsync("guarded"), "guarded", TimeSpan.FromSeconds(60))).Uid;
        await ForbidAsync();

        // 1. What a policy forbids is Invalid too, as a field that cannot be changed is: made anew it would not be let in either.
        await world.Shop.PatchAsync(CoreResources.ConfigMaps, "default", "guarded", PatchKind.Merge, Json("""{"data": {"key": "forbidden"} }"""), default);
        await AppliedAsync("guarded", "Invalid");
        Assert.Contains("it is not made anew, as that would be refused too: ", Conditions.Find((await WorkAsync("guarded"))!, "Applied")!.Message, StringComparison.Ordinal);
        Assert.Contains("no such value here", Conditions.Find((await WorkAsync("guarded"))!, "Applied")!.Message, StringComparison.Ordinal);
        KubeObject kept = await world.Inside.GetAsync(CoreResources.ConfigMaps, Mapped, "guarded", default);
        Assert.Equal((uid, "a"), (kept.Uid, kept.TextAt("data", "key")));

        // 2. Allowed again, it is applied, to the one that was there all the time.
        await world.Inside.DeleteAsync(Bindings, "", "forbids", null, default);
        await Eventually.TrueAsync(async () => (await FoundAsync("guarded"))?.TextAt("data", "key") == "forbidden", "applied", TimeSpan.FromSeconds(60));
        Assert.Equal(uid, (await FoundAsync("guarded"))!.Uid);
    }

    [Fact]
    public async Task Controller_ThatChangesItBackEachTime_IsSaidAndNotFoughtWithAtFullSpeed()
    {
        await world.Shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("disputed", "{}", "a"), default);
        await Eventually.SomeAsync(() => FoundAsync("disputed"), "disputed", TimeSpan.FromSeconds(60));
        int changes = 0;
        using var stop = new CancellationTokenSource();
        async Task FightAsync()
        {
            await foreach (WatchEvent seen in world.Inside.WatchAsync(CoreResources.ConfigMaps, Mapped, new WatchQuery { FieldSelector = "metadata.name=disputed", ResourceVersion = "0" }, stop.Token))
            {
                if (seen.Type != WatchEventType.Bookmark && seen.Object.TextAt("data", "key") == "a")
                {
                    Interlocked.Increment(ref changes);
                    await world.Inside.PatchAsync(CoreResources.ConfigMaps, Mapped, "disputed", PatchKind.Merge, Json("""{"data": {"key": "theirs"} }"""), stop.Token);
                }
            }
        }

        long start = TimeProvider.System.GetTimestamp();
        Task fight = FightAsync();
        try
        {
            await Eventually.TrueAsync(async () => (await SaidAsync("disputed")).Any(e => e.TextAt("reason") == "DriftContested"), "it is said", TimeSpan.FromSeconds(60));
            await AppliedAsync("disputed", "Contested");
            KubeObject work = (await WorkAsync("disputed"))!;
            Assert.Equal("it was changed by hand: data.key, and so again and again: somebody else wants it otherwise; it is put back every 30 s only", Conditions.Find(work, "Applied")!.Message);
            Assert.InRange(Volatile.Read(ref changes), 10, 12 + (int)(TimeProvider.System.GetElapsedTime(start) / TimeSpan.FromSeconds(30)));
        }
        finally
        {
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fight);
        }
    }

    [Fact]
    public async Task ManagedFields_TakenAwayBySomebody_DriftIsPutBackNevertheless()
    {
        await world.Shop.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("stripped", "{}", "a"), default);
        await Eventually.SomeAsync(() => FoundAsync("stripped"), "stripped", TimeSpan.FromSeconds(60));

        // One request, so that nothing is put back in between.
        await world.Inside.PatchAsync(CoreResources.ConfigMaps, Mapped, "stripped", PatchKind.Json, JsonNode.Parse("""
            [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}, {"op": "replace", "path": "/data/key", "value": "theirs"}]
            """)!, default);

        await Eventually.TrueAsync(async () => (await FoundAsync("stripped"))?.TextAt("data", "key") == "a", "put back", TimeSpan.FromSeconds(60));
        await AppliedAsync("stripped", "Applied");
    }

    private Task<KubeObject?> FoundAsync(string name) => world.Inside.FindAsync(CoreResources.ConfigMaps, Mapped, name, default);

    private async Task<KubeObject?> WorkAsync(string name) =>
        (await world.Fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.FirstOrDefault(w => w.TextAt("spec", "source", "name") == name);

    private Task AppliedAsync(string name, string reason) => Eventually.TrueAsync(
        async () => await WorkAsync(name) is { } work && Conditions.Find(work, "Applied")?.Reason == reason, $"{name}: {reason}", TimeSpan.FromSeconds(60));

    /// <summary>Events about it in its cluster.</summary>
    private async Task<IReadOnlyList<KubeObject>> SaidAsync(string name) =>
        [.. (await world.Inside.ListAsync(CoreResources.Events, Mapped, null, default)).Items.Where(e => e.TextAt("involvedObject", "name") == name)];

    /// <summary>As a policy that puts a mirror before the names of images.</summary>
    private async Task MutateAsync(string name)
    {
        await world.Inside.CreateAsync(MutatingPolicies, "", Json($$"""
            {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": "{{name}}"},
             "spec": {"reinvocationPolicy": "Never", "failurePolicy": "Fail",
              "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"], "resourceNames": ["{{name}}"]}]},
              "matchConditions": [{"name": "bare", "expression": "!object.data.key.startsWith('mirror.example/')"}],
              "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{data: {'key': 'mirror.example/' + object.data.key} }"} }]} }
            """), default);
        await world.Inside.CreateAsync(MutatingBindings, "", Json($$"""
            {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": "{{name}}"}, "spec": {"policyName": "{{name}}"} }
            """), default);
        await Eventually.TrueAsync(
            async () => (await world.Inside.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap(name, "{}", "try"), default, dryRun: true)).TextAt("data", "key") == "mirror.example/try",
            "the policy is in force", TimeSpan.FromSeconds(60));
    }

    private async Task ForbidAsync()
    {
        await world.Inside.CreateAsync(Policies, "", Json("""
            {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "forbids"},
             "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}]},
              "validations": [{"expression": "!has(object.data) || !('key' in object.data) || object.data.key != 'forbidden'", "message": "no such value here"}]} }
            """), default);
        await world.Inside.CreateAsync(Bindings, "", Json("""
            {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": "forbids"}, "spec": {"policyName": "forbids", "validationActions": ["Deny"]} }
            """), default);
        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    await world.Inside.CreateAsync(CoreResources.ConfigMaps, "default", ConfigMap("try", "{}", "forbidden"), default, dryRun: true);
                    return false;
                }
                catch (StatusException e) when (e.Message.Contains("no such value here", StringComparison.Ordinal))
                {
                    return true;
                }
            },
            "the policy is in force", TimeSpan.FromSeconds(60));
    }

    private static JsonObject ConfigMap(string name, string annotations, string value) =>
        Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{name}}", "annotations": {{annotations}} }, "data": {"key": "{{value}}"} }""");

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}

/// <summary>One data plane with its satellite, and a virtual cluster on it.</summary>
public sealed class ForeignCluster : IAsyncLifetime
{
    internal TestFleet Fleet { get; private set; } = null!;

    internal KubeClient Shop { get; private set; } = null!;

    internal KubeClient Inside => Fleet.DataPlanes["pa2-par"].Client;

    public async ValueTask InitializeAsync()
    {
        Fleet = await TestFleet.StartAsync("pa2-par");
        Shop = await Fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
    }

    public ValueTask DisposeAsync() => Fleet.DisposeAsync();
}
