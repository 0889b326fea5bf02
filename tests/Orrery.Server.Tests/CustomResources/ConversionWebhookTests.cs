using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Tests.Admission;
using Orrery.Testing;

namespace Orrery.Server.Tests.CustomResources;

/// <summary>Endpoints whose v1 (stored) says host and port apart, and whose v2 says them together.</summary>
public sealed class ConversionWebhookTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly CancellationToken Token = ServerFixture.Token;

    [Fact]
    public async Task Create_InAnotherVersion_IsStoredConvertedAndReadInBoth()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(Convert, Token);
        (GroupVersionResource v1, GroupVersionResource v2, string ns) = await DefineAsync(webhook, "places");

        KubeObject made = await fixture.Admin.CreateAsync(v2, ns, Object(v2, "a", """{"address":"example.com:80"}"""), Token);
        KubeObject old = await fixture.Admin.GetAsync(v1, ns, "a", Token);
        KubeObject now = await fixture.Admin.GetAsync(v2, ns, "a", Token);

        Assert.Equal("""{"host":"example.com","port":80}""", old.At("spec")!.Value.GetRawText());
        Assert.Equal("""{"address":"example.com:80"}""", now.At("spec")!.Value.GetRawText());
        Assert.Equal((made.Uid, made.ResourceVersion), (old.Uid, now.ResourceVersion));
    }

    [Fact]
    public async Task Patch_InAnotherVersion_ChangesWhatIsStored()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(Convert, Token);
        (GroupVersionResource v1, GroupVersionResource v2, string ns) = await DefineAsync(webhook, "patched");
        await fixture.Admin.CreateAsync(v1, ns, Object(v1, "a", """{"host":"example.com","port":80}"""), Token);

        KubeObject patched = await fixture.Admin.PatchAsync(v2, ns, "a", PatchKind.Merge, AdmissionWorld.Json("""{"spec":{"address":"example.org:81"}}"""), Token);

        Assert.Equal("example.org:81", patched.TextAt("spec", "address"));
        Assert.Equal("example.org", (await fixture.Admin.GetAsync(v1, ns, "a", Token)).TextAt("spec", "host"));
    }

    [Fact]
    public async Task List_AndWatch_ConvertEachObjectOnce()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(Convert, Token);
        (GroupVersionResource v1, GroupVersionResource v2, string ns) = await DefineAsync(webhook, "listed");
        foreach (int i in Enumerable.Range(0, 5))
        {
            await fixture.Admin.CreateAsync(v1, ns, Object(v1, $"a{i}", $$"""{"host":"h","port":{{i}}}"""), Token);
        }

        KubeList first = await fixture.Admin.ListAsync(v2, ns, null, Token);
        KubeList second = await fixture.Admin.ListAsync(v2, ns, null, Token);
        KubeObject seen = await AdmissionWorld.EventuallyAsync(fixture.Admin, v2, ns, "a3", _ => true);

        Assert.Equal(["h:0", "h:1", "h:2", "h:3", "h:4"], first.Items.Select(i => i.TextAt("spec", "address")));
        Assert.Equal(first.Items.Select(i => i.Json.GetRawText()), second.Items.Select(i => i.Json.GetRawText()));
        Assert.Equal("h:3", seen.TextAt("spec", "address"));
        Assert.Equal(5, Assert.Single(webhook.Reviews)["request"]!["objects"]!.AsArray().Count);
    }

    [Fact]
    public async Task List_AndWatch_ByAFieldOfTheVersion_ShowTheSame()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(Convert, Token);
        (GroupVersionResource v1, GroupVersionResource v2, string ns) = await DefineAsync(webhook, "selected");
        foreach (int i in Enumerable.Range(0, 4))
        {
            await fixture.Admin.CreateAsync(v1, ns, Object(v1, $"a{i}", $$"""{"host":"h","port":{{i % 2}}}"""), Token);
        }

        KubeList listed = await fixture.Admin.ListAsync(v2, ns, new ListQuery { FieldSelector = "spec.address=h:1" }, Token);
        KubeList page = await fixture.Admin.ListAsync(v2, ns, new ListQuery { FieldSelector = "spec.address=h:1", PageSize = 1 }, Token);
        var watched = new List<string>();
        await foreach (WatchEvent change in fixture.Admin.WatchAsync(v2, ns, new WatchQuery { FieldSelector = "spec.address=h:1" }, Token))
        {
            watched.Add(change.Object!.Name);
            if (watched.Count == 2)
            {
                break;
            }
        }

        Assert.Equal(["a1", "a3"], listed.Items.Select(i => i.Name));
        Assert.Equal(["a1", "a3"], page.Items.Select(i => i.Name));
        Assert.Equal(["a1", "a3"], watched);
    }

    [Fact]
    public async Task Read_WhenTheWebhookFails_SaysWhyAndLeavesTheStoredVersionAlone()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(
            r => Answer(r, [], AdmissionWorld.Json("""{"status":"Failure","message":"cannot tell"}""")), Token);
        (GroupVersionResource v1, GroupVersionResource v2, string ns) = await DefineAsync(webhook, "failing");
        await fixture.Admin.CreateAsync(v1, ns, Object(v1, "a", """{"host":"h","port":1}"""), Token);

        StatusException read = await AdmissionWorld.RefusalAsync(() => fixture.Admin.GetAsync(v2, ns, "a", Token));
        StatusException write = await AdmissionWorld.RefusalAsync(() => fixture.Admin.CreateAsync(v2, ns, Object(v2, "b", """{"address":"h:1"}"""), Token));

        Assert.Equal((500, "conversion webhook for failing.example.com/v1, Kind=Place failed: cannot tell"), (read.Code, read.Message));
        Assert.Equal((500, "conversion webhook for failing.example.com/v2, Kind=Place failed: cannot tell"), (write.Code, write.Message));
        Assert.Null(await fixture.Admin.FindAsync(v1, ns, "b", Token));
        Assert.Equal("h", (await fixture.Admin.GetAsync(v1, ns, "a", Token)).TextAt("spec", "host"));
    }

    [Fact]
    public async Task Read_WhenTheWebhookRenamesTheObject_Fails()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(
            r =>
            {
                JsonObject answer = Convert(r)!;
                answer["response"]!["convertedObjects"]![0]!["metadata"]!["name"] = "other";
                return answer;
            },
            Token);
        (GroupVersionResource v1, GroupVersionResource v2, string ns) = await DefineAsync(webhook, "renamed");
        await fixture.Admin.CreateAsync(v1, ns, Object(v1, "a", """{"host":"h","port":1}"""), Token);

        StatusException fault = await AdmissionWorld.RefusalAsync(() => fixture.Admin.GetAsync(v2, ns, "a", Token));

        Assert.Equal("conversion webhook for renamed.example.com/v1, Kind=Place failed: returned invalid converted object at index 0: must have the same name: a != other", fault.Message);
    }

    [Fact]
    public async Task Delete_OfANamespace_WaitsForNoWebhook()
    {
        await using TestWebhook webhook = await TestWebhook.StartAsync(_ => null, Token);
        (GroupVersionResource v1, _, string ns) = await DefineAsync(webhook, "stuck");
        await fixture.Admin.CreateAsync(v1, ns, Object(v1, "a", """{"host":"h","port":1}"""), Token);

        await fixture.Admin.DeleteAsync(ServerFixture.Namespaces, "", ns, null, Token);

        await Eventually.TrueAsync(async () => await fixture.Admin.FindAsync(ServerFixture.Namespaces, "", ns, Token) is null, "the namespace goes", cancellationToken: Token);
        Assert.Empty(webhook.Reviews);
    }

    /// <summary>As upstream: the watch that cannot be told of a change ends with why, the other version's goes on, and a new one misses nothing once it works again.</summary>
    [Fact]
    public async Task Watch_WhileTheWebhookFailsForAnObject_EndsWithWhyAndTheOtherVersionGoesOn()
    {
        bool fails = false;
        await using TestWebhook webhook = await TestWebhook.StartAsync(
            r => Volatile.Read(ref fails) && r["request"]!["objects"]!.AsArray().Any(o => o!["metadata"]!["name"]!.GetValue<string>() == "bad")
                ? Answer(r, [], AdmissionWorld.Json("""{"status":"Failure","message":"not now"}""")) : Convert(r),
            Token);
        (GroupVersionResource v1, GroupVersionResource v2, string ns) = await DefineAsync(webhook, "sometimes");
        string revision = (await fixture.Admin.ListAsync(v2, ns, null, Token)).ResourceVersion;
        await using IAsyncEnumerator<WatchEvent> stored = fixture.Admin.WatchAsync(v1, ns, new WatchQuery { ResourceVersion = revision }, Token).GetAsyncEnumerator(Token);
        await using IAsyncEnumerator<WatchEvent> converted = fixture.Admin.WatchAsync(v2, ns, new WatchQuery { ResourceVersion = revision }, Token).GetAsyncEnumerator(Token);

        // 1. Both are told of what can be converted, and one of what cannot.
        Volatile.Write(ref fails, true);
        await fixture.Admin.CreateAsync(v1, ns, Object(v1, "good", """{"host":"h","port":1}"""), Token);
        await fixture.Admin.CreateAsync(v1, ns, Object(v1, "bad", """{"host":"h","port":2}"""), Token);
        await fixture.Admin.CreateAsync(v1, ns, Object(v1, "late", """{"host":"h","port":3}"""), Token);
        Assert.True(await converted.MoveNextAsync());
        Assert.Equal(("good", "h:1"), (converted.Current.Object!.Name, converted.Current.Object.TextAt("spec", "address")));
        StatusException why = await AdmissionWorld.RefusalAsync(async () => await converted.MoveNextAsync());
        Assert.Equal((500, "conversion webhook for sometimes.example.com/v1, Kind=Place failed: not now"), (why.Code, why.Message));
        foreach (string name in new[] { "good", "bad", "late" })
        {
            Assert.True(await stored.MoveNextAsync());
            Assert.Equal(name, stored.Current.Object!.Name);
        }

        // 2. What cannot be converted can be deleted by the version that is stored.
        await fixture.Admin.DeleteAsync(v1, ns, "late", null, Token);
        Assert.Equal(500, (await AdmissionWorld.RefusalAsync(() => fixture.Admin.DeleteAsync(v2, ns, "bad", null, Token))).Code);

        // 3. It works again: everything since is told.
        Volatile.Write(ref fails, false);
        await using IAsyncEnumerator<WatchEvent> again = fixture.Admin.WatchAsync(v2, ns, new WatchQuery { ResourceVersion = revision }, Token).GetAsyncEnumerator(Token);
        foreach ((WatchEventType type, string name, string address) in new[] { (WatchEventType.Added, "good", "h:1"), (WatchEventType.Added, "bad", "h:2"), (WatchEventType.Added, "late", "h:3"), (WatchEventType.Deleted, "late", "h:3") })
        {
            Assert.True(await again.MoveNextAsync());
            Assert.Equal((type, name, address), (again.Current.Type, again.Current.Object!.Name, again.Current.Object.TextAt("spec", "address")));
        }
    }

    private static JsonObject? Convert(JsonObject review)
    {
        string wanted = review["request"]!["desiredAPIVersion"]!.GetValue<string>();
        var converted = new JsonArray();
        foreach (JsonNode? item in review["request"]!["objects"]!.AsArray())
        {
            var json = (JsonObject)item!.DeepClone();
            JsonObject spec = json["spec"]!.AsObject();
            json["spec"] = wanted.EndsWith("v2", StringComparison.Ordinal)
                ? new JsonObject { ["address"] = $"{spec["host"]}:{spec["port"]}" }
                : new JsonObject { ["host"] = spec["address"]!.GetValue<string>().Split(':')[0], ["port"] = int.Parse(spec["address"]!.GetValue<string>().Split(':')[1], System.Globalization.CultureInfo.InvariantCulture) };
            json["apiVersion"] = wanted;
            converted.Add((JsonNode)json);
        }

        return Answer(review, converted, new JsonObject { ["status"] = "Success" });
    }

    private static JsonObject Answer(JsonObject review, JsonArray converted, JsonObject result) => new()
    {
        ["apiVersion"] = "apiextensions.k8s.io/v1",
        ["kind"] = "ConversionReview",
        ["response"] = new JsonObject { ["uid"] = review["request"]!["uid"]!.DeepClone(), ["convertedObjects"] = converted, ["result"] = result },
    };

    private static JsonObject Object(GroupVersionResource places, string name, string spec) =>
        AdmissionWorld.Json($$$"""{"apiVersion":"{{{places.Group}}}/{{{places.Version}}}","kind":"Place","metadata":{"name":"{{{name}}}"},"spec":{{{spec}}} }""");

    private async Task<(GroupVersionResource V1, GroupVersionResource V2, string Namespace)> DefineAsync(TestWebhook webhook, string name)
    {
        string group = name + ".example.com";
        JsonObject definition = AdmissionWorld.Json("""
            {"metadata":{"name":"places.GROUP"},"spec":{"group":"GROUP","scope":"Namespaced","names":{"plural":"places","kind":"Place"},
             "conversion":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v1"],"clientConfig":{"url":"URL","caBundle":"CABUNDLE"}}},
             "versions":[
              {"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"host":{"type":"string"},"port":{"type":"integer"}}}}}}},
              {"name":"v2","served":true,"storage":false,"selectableFields":[{"jsonPath":".spec.address"}],"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"address":{"type":"string"}}}}}}}]}}
            """.Replace("GROUP", group, StringComparison.Ordinal).Replace("URL", webhook.Url, StringComparison.Ordinal).Replace("CABUNDLE", webhook.CaBundle, StringComparison.Ordinal));
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", definition, Token);
        return (new GroupVersionResource(group, "v1", "places"), new GroupVersionResource(group, "v2", "places"), await fixture.NamespaceAsync());
    }
}
