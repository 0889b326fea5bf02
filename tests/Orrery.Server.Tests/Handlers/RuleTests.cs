using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Tests.Handlers;

/// <summary>What upstream answers to requests at the edge of what is allowed.</summary>
public sealed class RuleTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Merge = "application/merge-patch+json";

    [Fact]
    public async Task DeleteCollection_WithALimit_DeletesThatPageAlone()
    {
        string ns = await NamespaceOfThreeAsync();
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Delete, $"/api/v1/namespaces/{ns}/configmaps?labelSelector=mine&limit=2");
        JsonElement left = await fixture.Admin.SendJsonAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps?labelSelector=mine", null, ServerFixture.Token);

        Assert.Equal(["a", "b"], ((JsonArray)(await RawHttp.JsonAsync(answer))["items"]!).Select(i => (string?)i!["metadata"]!["name"]));
        Assert.Equal("c", Assert.Single(left.GetProperty("items").EnumerateArray()).GetProperty("metadata").GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("""{"propagationPolicy":"Orphan","orphanDependents":true}""", 422, "orphanDependents and deletionPropagation cannot be both set")]
    [InlineData("""{"gracePeriodSeconds":"x"}""", 400, "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds of type int64")]
    [InlineData("""{"kind":"Foo","apiVersion":"v1"}""", 400, "no kind \"Foo\" is registered for version \"v1\"")]
    public async Task Delete_OptionsThatCannotBe_ChangeNothing(string options, int code, string message)
    {
        string ns = await NamespaceOfThreeAsync();
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Delete, $"/api/v1/namespaces/{ns}/configmaps/a", options);

        Assert.Equal(code, (int)answer.StatusCode);
        Assert.Contains(message, (string)(await RawHttp.JsonAsync(answer))["message"]!, StringComparison.Ordinal);
        Assert.NotNull(await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.Token));
    }

    [Theory]
    [InlineData("""{"orphanDependents":false}""", 202)]
    [InlineData("""{"orphanDependents":true}""", 200)]
    [InlineData("""{"propagationPolicy":"Background"}""", 200)]
    public async Task Delete_WhatHasAFinalizer_IsAcceptedWhereTheOldSpellingAsksForACascade(string options, int code)
    {
        string path = $"/api/v1/namespaces/{await fixture.NamespaceAsync()}/configmaps";
        using var http = new RawHttp(fixture.Server);
        using HttpResponseMessage held = await http.SendAsync(HttpMethod.Post, path, """{"metadata":{"name":"held","finalizers":["example.com/held"]}}""");
        using HttpResponseMessage free = await http.SendAsync(HttpMethod.Post, path, """{"metadata":{"name":"free"}}""");

        using HttpResponseMessage waiting = await http.SendAsync(HttpMethod.Delete, path + "/held", options);

        Assert.Equal(code, (int)waiting.StatusCode);
        if (code == 202)
        {
            using HttpResponseMessage gone = await http.SendAsync(HttpMethod.Delete, path + "/free", options);
            Assert.Equal(200, (int)gone.StatusCode);
        }
    }

    [Theory]
    [InlineData("", 200, "299 - \"duplicate field \\\"data.z\\\"\"")]
    [InlineData("?fieldValidation=Ignore", 200, null)]
    [InlineData("?fieldValidation=Strict", 422, null)]
    public async Task Patch_StatesAMemberTwice_IsMetAsFieldValidationSays(string query, int code, string? warning)
    {
        string ns = await NamespaceOfThreeAsync();
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Patch, $"/api/v1/namespaces/{ns}/configmaps/a{query}", """{"data":{"z":"1","z":"2"}}""", Merge);

        Assert.Equal(code, (int)answer.StatusCode);
        Assert.Equal(warning is null ? [] : [warning], answer.Headers.TryGetValues("Warning", out IEnumerable<string>? given) ? given : []);
    }

    [Fact]
    public async Task Apply_YamlKeyTwice_IsRefusedOnlyWhenStrict()
    {
        string ns = await fixture.NamespaceAsync();
        using var http = new RawHttp(fixture.Server);
        string path = $"/api/v1/namespaces/{ns}/configmaps/a?fieldManager=m";
        const string Twice = "apiVersion: v1\nkind: ConfigMap\ndata: {a: x}\ndata: {a: z}\nmetadata: {name: a}\n";

        using HttpResponseMessage strict = await http.SendAsync(HttpMethod.Patch, path + "&fieldValidation=Strict", Twice, "application/apply-patch+yaml");
        using HttpResponseMessage lenient = await http.SendAsync(HttpMethod.Patch, path, Twice, "application/apply-patch+yaml");

        Assert.Equal("error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 4: key \"data\" already set in map", (string?)(await RawHttp.JsonAsync(strict))["message"]);
        Assert.Equal("z", (string?)(await RawHttp.JsonAsync(lenient))["data"]!["a"]);
    }

    [Fact]
    public async Task Apply_NamesAnObjectThatIsNoMore_IsAConflict()
    {
        string ns = await fixture.NamespaceAsync();
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(
            HttpMethod.Patch, $"/api/v1/namespaces/{ns}/configmaps/a?fieldManager=m", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"uid":"u"}}""", "application/apply-patch+yaml");

        Assert.Equal(409, (int)answer.StatusCode);
        Assert.Null(await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.Token));
    }

    [Fact]
    public async Task Continue_WithAResourceVersion_IsRefused()
    {
        string ns = await NamespaceOfThreeAsync();
        JsonElement page = await fixture.Admin.SendJsonAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps?limit=1", null, ServerFixture.Token);
        string next = page.GetProperty("metadata").GetProperty("continue").GetString()!;

        StatusException refusal = await Assert.ThrowsAsync<StatusException>(() =>
            fixture.Admin.SendJsonAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps?limit=1&continue={next}&resourceVersion=5", null, ServerFixture.Token));

        Assert.Equal("specifying resource version is not allowed when using continue", refusal.Status.Message);
    }

    [Fact]
    public async Task Continue_FromTheNewestState_ShowsTheRestAsItIsNow()
    {
        string ns = await NamespaceOfThreeAsync();
        string next = Convert.ToBase64String("{\"v\":\"meta.k8s.io/v1\",\"rv\":-1,\"start\":\"/a\\u0000\"}"u8).TrimEnd('=');

        JsonElement rest = await fixture.Admin.SendJsonAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps?labelSelector=mine&continue={next}", null, ServerFixture.Token);

        Assert.Equal(["b", "c"], rest.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("metadata").GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Watch_FromTheFuture_EndsWithATimeout()
    {
        string ns = await fixture.NamespaceAsync();
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps?watch=1&resourceVersion=99999999999");
        JsonObject change = await RawHttp.JsonAsync(answer);

        Assert.Equal("ERROR", (string?)change["type"]);
        Assert.Equal(504, (int?)change["object"]!["code"]);
        Assert.Equal("ResourceVersionTooLarge", (string?)change["object"]!["details"]!["causes"]![0]!["reason"]);
    }

    [Theory]
    [InlineData("sendInitialEvents=false&resourceVersionMatch=NotOlderThan&timeoutSeconds=1", new string[0])]
    [InlineData("sendInitialEvents=false&resourceVersionMatch=NotOlderThan&timeoutSeconds=3&allowWatchBookmarks=1", new[] { "BOOKMARK" })]
    [InlineData("timeoutSeconds=1", new[] { "ADDED", "ADDED", "ADDED" })]
    public async Task Watch_FromNow_ShowsWhatItIsAskedTo(string query, string[] types)
    {
        string ns = await NamespaceOfThreeAsync();
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps?watch=1&labelSelector=mine&{query}");
        string[] lines = (await answer.Content.ReadAsStringAsync(ServerFixture.Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(types, lines.Select(l => (string?)JsonNode.Parse(l)!["type"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("&resourceVersion=0")]
    [InlineData("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan")]
    public async Task Watch_ThatIsShownWhatThereIs_EndsThatWithABookmark(string query)
    {
        string ns = await NamespaceOfThreeAsync();
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/configmaps?watch=1&labelSelector=mine&timeoutSeconds=1&allowWatchBookmarks=true{query}");
        JsonNode[] events = [.. (await answer.Content.ReadAsStringAsync(ServerFixture.Token)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!)];

        Assert.Equal(["ADDED", "ADDED", "ADDED", "BOOKMARK"], events.Take(4).Select(e => (string?)e["type"]));
        Assert.Equal("true", (string?)events[3]["object"]!["metadata"]!["annotations"]?["k8s.io/initial-events-end"]);
    }

    [Theory]
    [InlineData("resourceVersionMatch=Exact", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided|resourceVersionMatch: Unsupported value: \"Exact\": supported values: \"NotOlderThan\"")]
    [InlineData("sendInitialEvents=false&resourceVersionMatch=Exact", "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan|resourceVersionMatch: Unsupported value: \"Exact\": supported values: \"NotOlderThan\"")]
    [InlineData("sendInitialEvents=true&continue=x", "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")]
    [InlineData("resourceVersionMatch=NotOlderThan&continue=x", "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided|resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided")]
    public async Task Watch_OfOptionsThatDoNotGoTogether_NamesEach(string query, string faults)
    {
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, $"/api/v1/configmaps?watch=1&{query}");
        JsonObject status = await RawHttp.JsonAsync(answer);

        Assert.Equal(faults, string.Join('|', status["details"]!["causes"]!.AsArray().Select(c => $"{c!["field"]}: {c["message"]}")));
    }

    /// <summary>As a kube-apiserver 1.20 answers, and by the rules of 1.36 (pkg/apis/*/v1/conversion.go).</summary>
    [Theory]
    [InlineData("/api/v1/namespaces?fieldSelector=metadata.namespace%3Dx", "field label not supported: metadata.namespace")]
    [InlineData("/api/v1/nodes?fieldSelector=metadata.namespace%3Dx", "field label not supported: metadata.namespace")]
    [InlineData("/apis/certificates.k8s.io/v1/certificatesigningrequests?fieldSelector=metadata.namespace%3Dx", "field label not supported: metadata.namespace")]
    [InlineData("/api/v1/persistentvolumes?fieldSelector=metadata.namespace%3Dx", null)]
    [InlineData("/api/v1/pods?fieldSelector=spec.host%3Dn", null)]
    [InlineData("/apis/apps/v1/replicasets?fieldSelector=status.replicas%3D1", "\"status.replicas\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")]
    public async Task List_ByAField_IsOfferedWhereUpstreamOffersIt(string target, string? refusal)
    {
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, target);

        Assert.Equal(refusal is null ? 200 : 400, (int)answer.StatusCode);
        Assert.Equal(refusal, (string?)(await RawHttp.JsonAsync(answer))["message"]);
    }

    [Theory]
    [InlineData("", 200)]
    [InlineData("&fieldSelector=metadata.name%3Da,metadata.namespace!%3Dx", 200)]
    [InlineData("&fieldSelector=metadata.name%3Db", 400)]
    [InlineData("&fieldSelector=metadata.namespace!%3Dx", 400)]
    public async Task Watch_OfANameInThePath_MustBeOfThatName(string query, int code)
    {
        string ns = await NamespaceOfThreeAsync();
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, $"/api/v1/watch/namespaces/{ns}/configmaps/a?timeoutSeconds=1{query}");
        string text = await answer.Content.ReadAsStringAsync(ServerFixture.Token);

        Assert.Equal(code, (int)answer.StatusCode);
        Assert.Equal(code == 200 ? "a" : null, (string?)JsonNode.Parse(text.Split('\n')[0])!["object"]?["metadata"]!["name"]);
    }

    /// <summary>Others of a built-in kind may be written over whatever they are by then.</summary>
    [Theory]
    [InlineData("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings", """{"spec":{"policyName":"p","validationActions":["Deny"]}}""")]
    [InlineData("/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", "{}")]
    [InlineData("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", "{}")]
    [InlineData("/apis/node.k8s.io/v1/runtimeclasses", """{"handler":"h"}""")]
    [InlineData("/apis/storage.k8s.io/v1/csidrivers", """{"spec":{}}""")]
    [InlineData("/apis/storage.k8s.io/v1/csinodes", """{"spec":{"drivers":[]}}""")]
    [InlineData("/apis/storage.k8s.io/v1/volumeattachments", """{"spec":{"attacher":"a","nodeName":"n","source":{"persistentVolumeName":"p"}}}""")]
    [InlineData("/apis/coordination.k8s.io/v1/namespaces/default/leases", "{}")]
    public async Task Update_OfAKindThatIsReadBefore_WantsTheRevision(string path, string json)
    {
        string name = $"unconditional-{Guid.NewGuid():N}", resource = path[(path.LastIndexOf('/') + 1)..], group = path.Split('/')[2];
        using var http = new RawHttp(fixture.Server);
        var body = (JsonObject)JsonNode.Parse(json)!;
        body["metadata"] = new JsonObject { ["name"] = name };
        using HttpResponseMessage made = await http.SendAsync(HttpMethod.Post, path, body.ToJsonString());
        JsonObject read = await RawHttp.JsonAsync(made);

        using HttpResponseMessage blind = await http.SendAsync(HttpMethod.Put, $"{path}/{name}", body.ToJsonString());
        body["metadata"]!["resourceVersion"] = read.ResourceVersion;
        using HttpResponseMessage seen = await http.SendAsync(HttpMethod.Put, $"{path}/{name}", body.ToJsonString());

        Assert.Equal((201, 422, 200), ((int)made.StatusCode, (int)blind.StatusCode, (int)seen.StatusCode));
        Assert.Equal($"{resource}.{group} \"{name}\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update", (string?)(await RawHttp.JsonAsync(blind))["message"]);
    }

    [Theory]
    [InlineData("a%09b", "invalid character U+0009 (at position 1)")]
    [InlineData("%C3%A9%E2%80%8B", "invalid character U+200B (at position 2)")]
    [InlineData("%C3%A9%20%E2%82%AC", null)]
    public async Task FieldManager_OfWhatCannotBePrinted_IsRefused(string manager, string? message)
    {
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(
            HttpMethod.Post, $"/api/v1/namespaces/default/configmaps?dryRun=All&fieldManager={manager}", ServerFixture.ConfigMap("of-a-manager", "v").ToJsonString());

        Assert.Equal(message is null ? 201 : 422, (int)answer.StatusCode);
        Assert.Equal(message is null, (await RawHttp.JsonAsync(answer))["message"] is null);
        Assert.EndsWith(message ?? "", (string?)(await RawHttp.JsonAsync(answer))["message"] ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] ({})")]
    [InlineData("", "empty data (<empty>)")]
    [InlineData("k8s\0", "empty body (6b387300)")]
    public async Task Create_OfWhatIsNoProtobuf_SaysSo(string body, string message)
    {
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/configmaps", body, "application/vnd.kubernetes.protobuf");

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Equal($"the object provided is unrecognized (must be of type ConfigMap): {message}", (string?)(await RawHttp.JsonAsync(answer))["message"]);
    }

    [Theory]
    [InlineData("limit=")]
    [InlineData("timeoutSeconds=")]
    public async Task List_WithANumberThatIsEmpty_IsRefused(string query)
    {
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, $"/api/v1/namespaces/default/configmaps?{query}");

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Equal("strconv.ParseInt: parsing \"\": invalid syntax", (string?)(await RawHttp.JsonAsync(answer))["message"]);
    }

    private async Task<string> NamespaceOfThreeAsync()
    {
        string ns = await fixture.NamespaceAsync();
        foreach (string name in new[] { "a", "b", "c" })
        {
            await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap(name, "v", ("mine", "1")), ServerFixture.Token);
        }

        return ns;
    }
}
