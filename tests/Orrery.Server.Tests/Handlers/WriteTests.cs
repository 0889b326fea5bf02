using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Server.Tests.Handlers;

public sealed class WriteTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");

    [Fact]
    public async Task Create_ThenGet_AnswersTheSameObject()
    {
        string ns = await fixture.NamespaceAsync();

        KubeObject made = await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a", "1"), ServerFixture.Token);
        KubeObject read = await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.Token);

        Assert.Equal(made.Json.GetRawText(), read.Json.GetRawText());
        Assert.Equal("1", read.TextAt("data", "k"));
    }

    [Fact]
    public async Task Create_DryRun_StoresNothing()
    {
        string ns = await fixture.NamespaceAsync();

        await fixture.Admin.SendJsonAsync(HttpMethod.Post, $"/api/v1/namespaces/{ns}/configmaps?dryRun=All", ServerFixture.ConfigMap("dry"), ServerFixture.Token);

        Assert.Null(await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, ns, "dry", ServerFixture.Token));
    }

    /// <summary>Whoever comes a moment later changes what the first has made: which of them is first is nobody's business.</summary>
    [Fact]
    public async Task Apply_OfManyToOneNewObject_MakesItOnceAndRefusesNobody()
    {
        string ns = await fixture.NamespaceAsync();
        string[] managers = [.. Enumerable.Range(0, 8).Select(i => $"m{i}")];
        for (int round = 0; round < 20; round++)
        {
            string name = $"shared-{round}";
            await Task.WhenAll(managers.Select(m => fixture.Admin.ApplyAsync(
                ServerFixture.ConfigMaps, ns, name,
                new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns }, ["data"] = new JsonObject { [m] = "1" } }, m, false, ServerFixture.Token)));

            KubeObject made = await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, name, ServerFixture.Token);
            Assert.Equal(managers, made.At("data")!.Value.EnumerateObject().Select(d => d.Name).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task Log_OfAMirroredPod_SaysThatItIsNotServedAndWhereThePodRuns()
    {
        string ns = await fixture.NamespaceAsync();
        var pods = new GroupVersionResource("", "v1", "pods");
        await fixture.Admin.CreateAsync(pods, ns, JsonNode.Parse("""
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1", "labels": {"orrery.dev/data-plane": "pa2-par"}},
             "spec": {"containers": [{"name": "c", "image": "i"}]}}
            """)!.AsObject(), ServerFixture.Token);

        StatusException fault = await Assert.ThrowsAsync<StatusException>(() =>
            fixture.Admin.SendJsonAsync(HttpMethod.Get, $"/api/v1/namespaces/{ns}/pods/web-1/log", null, ServerFixture.Token));

        Assert.Equal(501, fault.Code);
        Assert.Equal("pods/log of \"web-1\" is not served by this API yet; it runs in data plane pa2-par, whose own API answers this", fault.Message);
    }

    [Theory]
    [InlineData("GET", "pods/p/exec", 400, "pod p does not have a host assigned")]
    [InlineData("POST", "pods/p/portforward", 400, "pod p does not have a host assigned")]
    [InlineData("PUT", "pods/p/attach", 405, "the server does not allow this method on the requested resource")]
    [InlineData("GET", "bindings", 405, "the server does not allow this method on the requested resource")]
    [InlineData("GET", "bindings/p", 404, null)]
    [InlineData("DELETE", "localsubjectaccessreviews/p", 404, null)]
    public async Task Request_ForWhatCannotBe_SaysWhy(string method, string path, int code, string? message)
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(
            new GroupVersionResource("", "v1", "pods"), ns, JsonNode.Parse("""{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""")!.AsObject(), ServerFixture.Token);
        string root = path.StartsWith("local", StringComparison.Ordinal) ? "/apis/authorization.k8s.io/v1" : "/api/v1";

        StatusException fault = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.SendJsonAsync(new HttpMethod(method), $"{root}/namespaces/{ns}/{path}", null, ServerFixture.Token));

        Assert.Equal((code, message ?? fault.Message), (fault.Code, fault.Message));
    }

    [Theory]
    [InlineData("PUT", "application/json", 403)]
    [InlineData("PATCH", "application/apply-patch+yaml", 403)]
    public async Task Change_OfWhatIsNotThere_WantsTheRightToCreateIt(string method, string type, int expected)
    {
        string ns = await fixture.NamespaceAsync(), user = "changer-" + ns;
        await fixture.Admin.CreateAsync(new GroupVersionResource("rbac.authorization.k8s.io", "v1", "roles"), ns, JsonNode.Parse(
            """{"metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["limitranges"],"verbs":["update","patch"]}]}""")!.AsObject(), ServerFixture.Token);
        await fixture.Admin.CreateAsync(new GroupVersionResource("rbac.authorization.k8s.io", "v1", "rolebindings"), ns, JsonNode.Parse(
            $$"""{"metadata":{"name":"r"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"r"},"subjects":[{"kind":"User","apiGroup":"rbac.authorization.k8s.io","name":"{{user}}"}]}""")!.AsObject(), ServerFixture.Token);
        using var handler = new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } };
        using var http = new HttpClient(handler);
        string url = $"api/v1/namespaces/{ns}/limitranges/l?fieldManager=m";
        async Task<int> SendAsync(string token)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(fixture.Server.Url, url));
            request.Headers.Authorization = new("Bearer", token);
            request.Content = new StringContent("""{"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"l"},"spec":{"limits":[]}}""", System.Text.Encoding.UTF8, type);
            using HttpResponseMessage answer = await http.SendAsync(request, ServerFixture.Token);
            return (int)answer.StatusCode;
        }

        string token = fixture.Server.Token(user, [], ClusterName.Root);
        await Orrery.Testing.Eventually.TrueAsync(async () => await SendAsync(token) == expected, "it is refused", cancellationToken: ServerFixture.Token);
        Assert.Equal(expected, await SendAsync(token));
        Assert.Equal(201, await SendAsync(fixture.Server.AdminToken(ClusterName.Root)));
        Assert.Equal(200, await SendAsync(token));
    }

    [Fact]
    public async Task Update_StaleRevision_AnswersConflict()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject first = await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a", "1"), ServerFixture.Token);
        await fixture.Admin.UpdateAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.ConfigMap("a", "2"), ServerFixture.Token);

        StatusException fault = await Assert.ThrowsAsync<StatusException>(() =>
            fixture.Admin.UpdateAsync(ServerFixture.ConfigMaps, ns, "a", first.ToJsonObject(), ServerFixture.Token));

        Assert.True(fault.IsConflict);
    }

    [Fact]
    public async Task Update_NothingChanges_KeepsTheRevision()
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject made = await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), ServerFixture.Token);

        KubeObject same = await fixture.Admin.UpdateAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.ConfigMap("a"), ServerFixture.Token);

        Assert.Equal(made.ResourceVersion, same.ResourceVersion);
    }

    [Fact]
    public async Task Patch_ManyAtOnce_LosesNone()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), ServerFixture.Token);

        await Task.WhenAll(Enumerable.Range(0, 30).Select(i => fixture.Admin.PatchAsync(
            ServerFixture.ConfigMaps, ns, "a", PatchKind.Merge, new JsonObject { ["data"] = new JsonObject { [$"k{i}"] = "v" } }, ServerFixture.Token)));

        KubeObject read = await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.Token);
        Assert.Equal(31, read.At("data")!.Value.EnumerateObject().Count());
    }

    [Fact]
    public async Task Apply_WhatIsNotThere_MakesItAndOwnsIt()
    {
        string ns = await fixture.NamespaceAsync();

        KubeObject made = await fixture.Admin.ApplyAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.ConfigMap("a"), "me", false, ServerFixture.Token);

        Assert.Equal("me", made.At("metadata", "managedFields")!.Value[0].GetProperty("manager").GetString());
        Assert.Equal("Apply", made.At("metadata", "managedFields")!.Value[0].GetProperty("operation").GetString());
    }

    /// <summary>An empty list is not the same as none: nobody's fields are kept track of any more, before somebody applies the object.</summary>
    [Fact]
    public async Task Update_WithAnEmptyListOfOwners_EndsTracking()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.ApplyAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.ConfigMap("a"), "me", false, ServerFixture.Token);
        JsonObject wanted = ServerFixture.ConfigMap("a");
        wanted["metadata"]!["managedFields"] = new JsonArray();

        KubeObject without = await fixture.Admin.UpdateAsync(ServerFixture.ConfigMaps, ns, "a", wanted, ServerFixture.Token);
        KubeObject later = await fixture.Admin.PatchAsync(ServerFixture.ConfigMaps, ns, "a", PatchKind.Merge, new JsonObject { ["data"] = new JsonObject { ["k"] = "later" } }, ServerFixture.Token);

        Assert.Null(without.At("metadata", "managedFields"));
        Assert.Null(later.At("metadata", "managedFields"));
    }

    [Fact]
    public async Task Delete_WithFinalizer_MarksAndGoesWithTheLastOne()
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject held = ServerFixture.ConfigMap("a");
        held.Metadata["finalizers"] = new JsonArray("example.com/hold");
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, held, ServerFixture.Token);

        await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "a", null, ServerFixture.Token);
        KubeObject marked = await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.Token);
        await fixture.Admin.PatchAsync(
            ServerFixture.ConfigMaps, ns, "a", PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } }, ServerFixture.Token);

        Assert.True(marked.IsDeleting);
        Assert.Null(await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.Token));
    }

    [Fact]
    public async Task Delete_OtherUid_AnswersConflictAndKeepsIt()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), ServerFixture.Token);

        StatusException fault = await Assert.ThrowsAsync<StatusException>(() =>
            fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "a", new DeleteQuery { Uid = "00000000-0000-0000-0000-000000000000" }, ServerFixture.Token));

        Assert.True(fault.IsConflict);
        Assert.NotNull(await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.Token));
    }

    [Fact]
    public async Task Delete_PodOnANode_WaitsForItsGracePeriod()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, ServerFixture.Pod("p"), ServerFixture.Token);
        await fixture.Admin.CreateAsync(
            ServerFixture.Pods, ns, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "p" }, ["target"] = new JsonObject { ["kind"] = "Node", ["name"] = "n1" } }, ServerFixture.Token, "p", "binding");

        await fixture.Admin.DeleteAsync(ServerFixture.Pods, ns, "p", null, ServerFixture.Token);
        KubeObject marked = await fixture.Admin.GetAsync(ServerFixture.Pods, ns, "p", ServerFixture.Token);
        await fixture.Admin.DeleteAsync(ServerFixture.Pods, ns, "p", new DeleteQuery { GracePeriodSeconds = 0 }, ServerFixture.Token);

        Assert.Equal("n1", marked.TextAt("spec", "nodeName"));
        Assert.Equal(30, marked.NumberAt("metadata", "deletionGracePeriodSeconds"));
        Assert.Null(await fixture.Admin.FindAsync(ServerFixture.Pods, ns, "p", ServerFixture.Token));
    }

    /// <summary>As <c>rest.BeforeDelete</c>: what a pod was given may be shortened by who says so, and by nothing else.</summary>
    [Fact]
    public async Task Delete_PodThatIsGoing_OnlyLosesTimeThatIsAskedFor()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, ServerFixture.Pod("p"), ServerFixture.Token);
        await fixture.Admin.CreateAsync(
            ServerFixture.Pods, ns, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "p" }, ["target"] = new JsonObject { ["kind"] = "Node", ["name"] = "n1" } }, ServerFixture.Token, "p", "binding");

        async Task<(long? Grace, DateTimeOffset Due)> DeleteAsync(DeleteQuery? query)
        {
            await fixture.Admin.DeleteAsync(ServerFixture.Pods, ns, "p", query, ServerFixture.Token);
            KubeObject pod = await fixture.Admin.GetAsync(ServerFixture.Pods, ns, "p", ServerFixture.Token);
            return (pod.NumberAt("metadata", "deletionGracePeriodSeconds"), DateTimeOffset.Parse(pod.TextAt("metadata", "deletionTimestamp")!, System.Globalization.CultureInfo.InvariantCulture));
        }

        (long? Grace, DateTimeOffset Due) first = await DeleteAsync(new DeleteQuery { GracePeriodSeconds = 600 });
        Assert.Equal(600, first.Grace);
        Assert.Equal(first, await DeleteAsync(null));
        Assert.Equal(first, await DeleteAsync(new DeleteQuery { GracePeriodSeconds = 601 }));
        Assert.Equal((100, first.Due - TimeSpan.FromSeconds(500)), await DeleteAsync(new DeleteQuery { GracePeriodSeconds = 100 }));
        Assert.Equal((1, first.Due - TimeSpan.FromSeconds(599)), await DeleteAsync(new DeleteQuery { GracePeriodSeconds = -5 }));
    }

    /// <summary>Upstream's <c>rest.BeforeUpdate</c>: who may update may neither mark an object as deleted nor take the mark away.</summary>
    [Theory]
    [InlineData("""{"metadata":{"deletionTimestamp":"2020-01-01T00:00:00Z"}}""", false, "metadata.deletionTimestamp: Invalid value: \"2020-01-01T00:00:00Z\": field is immutable")]
    [InlineData("""{"metadata":{"deletionGracePeriodSeconds":7}}""", false, "metadata.deletionGracePeriodSeconds: Invalid value: 7: field is immutable")]
    [InlineData("""{"metadata":{"deletionGracePeriodSeconds":7}}""", true, "metadata.deletionGracePeriodSeconds: Invalid value: 7: field is immutable")]
    [InlineData("""{"metadata":{"deletionTimestamp":null,"deletionGracePeriodSeconds":null}}""", true, null)]
    [InlineData("""{"metadata":{"deletionTimestamp":"2020-01-01T00:00:00Z"}}""", true, null)]
    [InlineData("""{"metadata":{"deletionTimestamp":null,"deletionGracePeriodSeconds":null}}""", false, null)]
    public async Task Patch_OfWhatSaysThatItGoes_ChangesNothing(string patch, bool isGoing, string? fault)
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject json = ServerFixture.ConfigMap("a");
        json.Metadata["finalizers"] = new JsonArray("example.com/hold");
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, json, ServerFixture.Token);
        if (isGoing)
        {
            await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "a", null, ServerFixture.Token);
        }

        KubeObject before = await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.Token);
        Task<KubeObject> Change() => fixture.Admin.PatchAsync(ServerFixture.ConfigMaps, ns, "a", PatchKind.Merge, JsonNode.Parse(patch)!.AsObject(), ServerFixture.Token);
        if (fault is null)
        {
            await Change();
        }
        else
        {
            StatusException refused = await Assert.ThrowsAsync<StatusException>(Change);
            Assert.Equal((422, $"ConfigMap \"a\" is invalid: {fault}"), (refused.Code, refused.Message));
        }

        Assert.Equal(before.Json.GetRawText(), (await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.Token)).Json.GetRawText());
    }

    /// <summary>A delete without a body may say by its query which object it means (metav1 <c>Convert_url_Values_To_v1_DeleteOptions</c>).</summary>
    [Theory]
    [InlineData("/a?uid=other", 409)]
    [InlineData("/a?resourceVersion=1", 409)]
    [InlineData("?resourceVersion=0", 409)]
    [InlineData("/a?uid=&resourceVersion=", 200)]
    [InlineData("/a?uid=UID&resourceVersion=VERSION", 200)]
    public async Task Delete_PreconditionsInTheQuery_Hold(string query, int code)
    {
        string ns = await fixture.NamespaceAsync();
        KubeObject made = await fixture.Admin.CreateAsync(Secrets, ns, JsonNode.Parse("""{"metadata":{"name":"a"}}""")!.AsObject(), ServerFixture.Token);
        query = query.Replace("UID", made.Uid, StringComparison.Ordinal).Replace("VERSION", made.ResourceVersion, StringComparison.Ordinal);
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Delete, $"/api/v1/namespaces/{ns}/secrets{query}");

        Assert.Equal(code, (int)answer.StatusCode);
        Assert.Equal(code == 409, await fixture.Admin.FindAsync(Secrets, ns, "a", ServerFixture.Token) is not null);
    }

    /// <summary>A dry run answers what the deletion itself would: the object as it was.</summary>
    [Fact]
    public async Task Delete_DryRunOfWhatGoesAtOnce_AnswersTheObjectUnmarked()
    {
        string ns = await fixture.NamespaceAsync();
        var accounts = new GroupVersionResource("", "v1", "serviceaccounts");
        await fixture.Admin.CreateAsync(accounts, ns, JsonNode.Parse("""{"metadata":{"name":"a"}}""")!.AsObject(), ServerFixture.Token);

        using var http = new RawHttp(fixture.Server);
        using HttpResponseMessage trial = await http.SendAsync(HttpMethod.Delete, $"/api/v1/namespaces/{ns}/serviceaccounts/a?dryRun=All");
        JsonObject tried = await RawHttp.JsonAsync(trial);

        Assert.Equal(("ServiceAccount", null), (tried.Kind, tried.TextAt("metadata", "deletionTimestamp")));
        using HttpResponseMessage deletion = await http.SendAsync(HttpMethod.Delete, $"/api/v1/namespaces/{ns}/serviceaccounts/a");
        JsonObject done = await RawHttp.JsonAsync(deletion);
        done.Metadata["resourceVersion"] = tried.ResourceVersion;
        Assert.True(JsonNode.DeepEquals(tried, done), $"{tried.ToJsonString()} and {done.ToJsonString()}");
    }

    /// <summary>How one gets rid of what hangs: a later delete that asks for another policy counts.</summary>
    [Theory]
    [InlineData("Background", null)]
    [InlineData("Orphan", "orphan")]
    [InlineData(null, "foregroundDeletion")]
    public async Task Delete_OfWhatWaitsForItsDependents_TakesThePolicyThatIsAskedForLast(string? policy, string? finalizer)
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject json = ServerFixture.ConfigMap("a");
        json.Metadata["finalizers"] = new JsonArray("example.com/hold");
        KubeObject owner = await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, json, ServerFixture.Token);
        JsonObject child = ServerFixture.ConfigMap("child");
        child.Metadata["finalizers"] = new JsonArray("example.com/hold");
        child.Metadata["ownerReferences"] = new JsonArray(ServerFixture.Owner(owner, blocks: true));
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, child, ServerFixture.Token);
        await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "a", new DeleteQuery { PropagationPolicy = "Foreground" }, ServerFixture.Token);

        string url = $"/api/v1/namespaces/{ns}/configmaps/a";
        using var http = new RawHttp(fixture.Server);
        using HttpResponseMessage again = await http.SendAsync(HttpMethod.Delete, policy is null ? url : $"{url}?propagationPolicy={policy}");
        JsonObject answer = await RawHttp.JsonAsync(again);

        string[] expected = finalizer is null ? ["example.com/hold"] : ["example.com/hold", finalizer];
        Assert.Equal(expected, answer.Metadata["finalizers"]!.AsArray().Select(f => f!.GetValue<string>()));
    }

    [Fact]
    public async Task Scale_Deployment_ChangesItsReplicas()
    {
        string ns = await fixture.NamespaceAsync();
        var deployment = (JsonObject)JsonNode.Parse(
            """{"metadata":{"name":"d"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}""")!;
        await fixture.Admin.CreateAsync(ServerFixture.Deployments, ns, deployment, ServerFixture.Token);

        await fixture.Admin.PatchAsync(
            ServerFixture.Deployments, ns, "d", PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["replicas"] = 5 } }, ServerFixture.Token, "scale");

        KubeObject read = await fixture.Admin.GetAsync(ServerFixture.Deployments, ns, "d", ServerFixture.Token);
        Assert.Equal(5, read.NumberAt("spec", "replicas"));
        Assert.Equal(2, read.Generation);
    }
}
