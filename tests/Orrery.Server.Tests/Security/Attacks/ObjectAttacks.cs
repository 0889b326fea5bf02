using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.Security.Attacks;

/// <summary>Objects that are to lead out of the cluster they are made in.</summary>
public sealed class ObjectAttacks(AttackWorld world) : IClassFixture<AttackWorld>
{
    private const string Here = "/clusters/acme/shop";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<Attempt> Attempts =>
    [
        // Names and places.
        Post("a namespace with a colon", "/api/v1/namespaces", 422, """{"metadata":{"name":"beta:shop"}}"""),
        Post("a namespace that is a dash", "/api/v1/namespaces", 422, """{"metadata":{"name":"-"}}"""),
        Post("a name that climbs", "/api/v1/namespaces/default/configmaps", 422, """{"metadata":{"name":"../../beta:shop/default/canary"}}"""),
        Post("a name of dots", "/api/v1/namespaces/default/configmaps", 422, """{"metadata":{"name":".."}}"""),
        Post("a prefix that climbs", "/api/v1/namespaces/default/configmaps", 422, """{"metadata":{"generateName":"../x"}}"""),
        Post("another namespace than the path's", "/api/v1/namespaces/default/configmaps", 400, """{"metadata":{"name":"a","namespace":"kube-system"}}"""),
        Post("a role of a name that climbs", "/apis/rbac.authorization.k8s.io/v1/clusterroles", 422, """{"metadata":{"name":"a/../../b"},"rules":[]}"""),

        // Kinds of the platform.
        Post("a logical cluster", "/apis/internal.orrery.dev/v1alpha1/namespaces/default/logicalclusters", 404, """{"metadata":{"name":"mine"}}"""),
        Post("a virtual cluster", "/apis/orrery.dev/v1alpha1/namespaces/default/virtualclusters", 404, """{"metadata":{"name":"mine"}}"""),
        Post("a definition in the platform's inner group", Definitions, 403, Definition("logicalclusters", "internal.orrery.dev")),
        Post("a definition in a group below that", Definitions, 403, Definition("things", "x.internal.orrery.dev")),
        Post("a definition in the core group's key", Definitions, 422, Definition("secrets", "core")),
        Post("a definition in no group", Definitions, 422, Definition("secrets", "")),
        Post("a definition in a protected group", Definitions, 422, Definition("things", "x.k8s.io"), 201),
        Post("a definition in a built-in group", Definitions, 422, Definition("deployments", "apps")),
        Post("a definition of a name that climbs", Definitions, 422, Definition("../secrets", "example.com")),

        // What is served elsewhere.
        Post("a token of root's audience for nobody", "/api/v1/namespaces/default/serviceaccounts/none/token", 404, "{}"),
        Post("an account's token that lives for centuries", "/api/v1/namespaces/default/serviceaccounts/default/token", 422, """{"spec":{"expirationSeconds":9999999999}}"""),
        Post("a provider that is the platform itself", "/api/v1/namespaces/kube-system/configmaps", 422,
            """{"metadata":{"name":"orrery-authentication"},"data":{"config.yaml":"{apiVersion: apiserver.config.k8s.io/v1, kind: AuthenticationConfiguration, jwt: [{issuer: {url: 'https://kubernetes.default.svc', audiences: [a]}, claimMappings: {username: {claim: sub, prefix: ''}}}]}"}}"""),
        Post("no credential needed at all", "/api/v1/namespaces/kube-system/configmaps", 422,
            """{"metadata":{"name":"orrery-authentication"},"data":{"config.yaml":"{apiVersion: apiserver.config.k8s.io/v1, kind: AuthenticationConfiguration, anonymous: {enabled: true}}"}}"""),
        Post("a provider without encryption", "/api/v1/namespaces/kube-system/configmaps", 422,
            """{"metadata":{"name":"orrery-authentication"},"data":{"config.yaml":"{apiVersion: apiserver.config.k8s.io/v1, kind: AuthenticationConfiguration, jwt: [{issuer: {url: 'http://169.254.169.254/', audiences: [a]}, claimMappings: {username: {claim: sub, prefix: ''}}}]}"}}"""),

        // Webhooks by an address that cannot even be written.
        .. ((string[])["http://203.0.113.1/", "https://user:pass@example.com/", "https://example.com/?q=1", "https://example.com/#x", "ftp://example.com/", "file:///etc/passwd", "https://", "//example.com/"])
            .Select(url => Post($"a webhook at {url}", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations", 422, Webhook("w", url).ToJsonString())),
    ];

    [Theory]
    [MemberData(nameof(Attempts))]
    public Task Object_ThatLeadsOut_IsRefused(Attempt attempt) => world.RefuseAsync(attempt);

    /// <summary>What only this machine, its network or its cloud can reach, however it is spelled.</summary>
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("127.1")]
    [InlineData("2130706433")]
    [InlineData("0x7f000001")]
    [InlineData("0177.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("[::]")]
    [InlineData("[::1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("[::127.0.0.1]")]
    [InlineData("[64:ff9b::127.0.0.1]")]
    [InlineData("[2002:7f00:1::]")]
    [InlineData("169.254.169.254")]
    [InlineData("[fe80::1]")]
    [InlineData("[fd00:ec2::254]")]
    [InlineData("100.100.100.200")]
    [InlineData("168.63.129.16")]
    [InlineData("10.0.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("255.255.255.255")]
    public async Task Webhook_AtWhatIsNotPublic_IsNeverReached(string host)
    {
        using var trap = new Trap();
        string name = $"w{Math.Abs(host.GetHashCode(StringComparison.Ordinal))}";
        JsonObject configuration = Webhook(name, $"https://{host}:{trap.Port}/");
        await world.Attacker.CreateAsync(new GroupVersionResource("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"), "", configuration, Cancel);

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => world.Attacker.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap(name), Cancel));

        Assert.Equal(500, refused.Code);
        Assert.True(refused.Message.Contains("may not reach", StringComparison.Ordinal) || refused.Message.Contains("cannot be used as a target", StringComparison.Ordinal), refused.Message);
        Assert.Equal(0, trap.Connections);
        await world.Attacker.DeleteAsync(new GroupVersionResource("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"), "", name, null, Cancel);
        await world.UntouchedAsync();
    }

    /// <summary>The names of the platform's kinds mean nothing in a virtual cluster: what is defined there is stored beside root's, and is not root's.</summary>
    [Fact]
    public async Task Definition_OfThePlatformsKinds_IsTheClustersOwn()
    {
        foreach (string plural in (string[])["virtualclusters", "works"])
        {
            await world.Attacker.CreateAsync(ServerFixture.Definitions, "", (JsonObject)JsonNode.Parse(Definition(plural, "orrery.dev"))!, Cancel);
            var kind = new GroupVersionResource("orrery.dev", "v1alpha1", plural);
            await Eventually.TrueAsync(async () => await IsServedAsync(kind), "it is served", cancellationToken: Cancel);
            await world.Attacker.CreateAsync(kind, "default", new JsonObject { ["apiVersion"] = "orrery.dev/v1alpha1", ["kind"] = "X" + plural, ["metadata"] = new JsonObject { ["name"] = "mine" } }, Cancel);

            (int code, string answer) = await world.SendAsync(new Attempt("", "GET", $"{Here}/apis/orrery.dev/v1alpha1/{plural}", []));
            Assert.Equal(200, code);
            Assert.Contains("\"mine\"", answer);
            await world.UntouchedAsync(answer);

            // Other attempts of this world expect that it is not served.
            await world.Attacker.DeleteAsync(ServerFixture.Definitions, "", $"{plural}.orrery.dev", null, Cancel);
            await Eventually.TrueAsync(async () => !await IsServedAsync(kind), "it is served no longer", cancellationToken: Cancel);
        }

        Assert.Equal(404, (await Assert.ThrowsAsync<StatusException>(() => world.Server.Admin.ListAsync(new GroupVersionResource("orrery.dev", "v1alpha1", "works"), "", null, Cancel))).Code);
    }

    /// <summary>Answers over all clusters carry each object's cluster in <c>metadata.clusterName</c>, and controllers believe it: nobody writes it themselves.</summary>
    [Theory]
    [InlineData("POST", "", "application/json", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"clusterName":"beta/shop","name":"spoof","labels":{"x":"y"},"clusterName":"beta/shop"} }""")]
    [InlineData("POST", "?fieldValidation=Ignore", "application/json", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"spoof","clusterName":"beta/shop"} }""")]
    [InlineData("POST", "", "application/yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: spoof, clusterName: beta/shop}\n")]
    [InlineData("PATCH", "/old?fieldManager=m", "application/merge-patch+json", """{"metadata":{"clusterName":"beta/shop"} }""")]
    [InlineData("PATCH", "/old?fieldManager=m", "application/strategic-merge-patch+json", """{"metadata":{"clusterName":"beta/shop"} }""")]
    [InlineData("PATCH", "/old?fieldManager=m", "application/json-patch+json", """[{"op":"add","path":"/metadata/clusterName","value":"beta/shop"}]""")]
    [InlineData("PATCH", "/old?fieldManager=m&force=true&fieldValidation=Ignore", "application/apply-patch+yaml", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"old","clusterName":"beta/shop"} }""")]
    public async Task ClusterName_OfAnother_IsNeverStored(string method, string rest, string type, string body)
    {
        await IgnoreTakenAsync(world.Attacker.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("spoofs"), Cancel));
        await IgnoreTakenAsync(world.Attacker.CreateAsync(ServerFixture.ConfigMaps, "spoofs", ServerFixture.ConfigMap("old"), Cancel));
        await IgnoreTakenAsync(world.Attacker.CreateAsync(ServerFixture.Definitions, "", (JsonObject)JsonNode.Parse(Definition("spoofs", "attack.example.com"))!, Cancel));
        var custom = new GroupVersionResource("attack.example.com", "v1alpha1", "spoofs");
        await Eventually.TrueAsync(async () => await IsServedAsync(custom), "it is served", cancellationToken: Cancel);
        await IgnoreTakenAsync(world.Attacker.CreateAsync(custom, "spoofs", new JsonObject { ["apiVersion"] = "attack.example.com/v1alpha1", ["kind"] = "Xspoofs", ["metadata"] = new JsonObject { ["name"] = "old" } }, Cancel));

        await world.SendAsync(new Attempt("", method, $"{Here}/api/v1/namespaces/spoofs/configmaps{rest}", [], null, body, type));
        await world.SendAsync(new Attempt("", method, $"{Here}/apis/attack.example.com/v1alpha1/namespaces/spoofs/spoofs{rest}", [], null,
            body.Replace("ConfigMap", "Xspoofs", StringComparison.Ordinal).Replace("\"v1\"", "\"attack.example.com/v1alpha1\"", StringComparison.Ordinal).Replace(": v1\n", ": attack.example.com/v1alpha1\n", StringComparison.Ordinal), type));

        using KubeClient all = world.Server.ControlPlane();
        foreach (GroupVersionResource resource in (GroupVersionResource[])[ServerFixture.ConfigMaps, custom])
        {
            KubeObject[] found = [.. (await all.InCluster(ClusterName.All).ListAsync(resource, "", null, Cancel)).Items.Where(i => i.Namespace == "spoofs" && i.Name is "old" or "spoof")];
            Assert.NotEmpty(found);
            Assert.All(found, item => Assert.Equal(AttackWorld.Acme, item.Cluster));
            Assert.All(found, item => Assert.DoesNotContain("beta/shop", item.ToJsonObject().Metadata.ToJsonString().Replace("f:clusterName", "", StringComparison.Ordinal)));
        }

        await world.UntouchedAsync();
    }

    private static async Task IgnoreTakenAsync(Task<KubeObject> create)
    {
        try
        {
            await create;
        }
        catch (StatusException taken) when (taken.IsAlreadyExists)
        {
            // By another case of the same test.
        }
    }

    [Fact]
    public async Task ApiService_LeadsNowhere()
    {
        using var trap = new Trap();
        await world.SendAsync(Post("an API service", "/apis/apiregistration.k8s.io/v1/apiservices", 201,
            """{"metadata":{"name":"v1.evil.example.com"},"spec":{"group":"evil.example.com","version":"v1","groupPriorityMinimum":1,"versionPriority":1,"service":{"name":"x","namespace":"default","port":443},"insecureSkipTLSVerify":true}}"""));

        (int code, string answer) = await world.SendAsync(new Attempt("", "GET", $"{Here}/apis/evil.example.com/v1/things", []));

        Assert.Contains(code, (int[])[404, 503]);
        await world.UntouchedAsync(answer);
    }

    private async Task<bool> IsServedAsync(GroupVersionResource kind)
    {
        try
        {
            await world.Attacker.ListAsync(kind, "default", null, Cancel);
            return true;
        }
        catch (StatusException missing) when (missing.IsNotFound)
        {
            return false;
        }
    }

    [Fact]
    public async Task ContinueToken_OfAnotherCluster_ShowsNothingOfIt()
    {
        for (int i = 0; i < 3; i++)
        {
            await world.Attacker.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap($"own-{i}"), Cancel);
        }

        string theirs = JsonNode.Parse(await world.Victim.GetTextAsync("/api/v1/configmaps?limit=1", Cancel))!["metadata"]!["continue"]!.GetValue<string>();
        Assert.NotEmpty(theirs);

        (int code, string answer) = await world.SendAsync(new Attempt("", "GET", $"{Here}/api/v1/configmaps?limit=500&continue={Uri.EscapeDataString(theirs)}", []));

        Assert.Contains(code, (int[])[200, 410]);
        await world.UntouchedAsync(answer);
    }

    [Theory]
    [InlineData("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiIuLi8uLi9iZXRhOnNob3AvZGVmYXVsdC8ifQ")]
    [InlineData("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiL2NvcmUvc2VjcmV0cy8ifQ")]
    [InlineData("%00")]
    [InlineData("AAAA")]
    public async Task ContinueToken_MadeUp_ShowsNothing(string token)
    {
        (int code, string answer) = await world.SendAsync(new Attempt("", "GET", $"{Here}/api/v1/secrets?limit=5&continue={token}", []));

        Assert.Contains(code, (int[])[200, 400, 410]);
        await world.UntouchedAsync(answer);
    }

    /// <summary>Owners are of the same cluster: one elsewhere of that uid is nobody's, and nothing of it follows.</summary>
    [Fact]
    public async Task Owner_InAnotherCluster_IsNoOwner()
    {
        KubeObject theirs = await world.Victim.GetAsync(ServerFixture.ConfigMaps, "default", "canary", Cancel);
        JsonObject dependent = ServerFixture.ConfigMap("dependent");
        dependent.Metadata["ownerReferences"] = new JsonArray(ServerFixture.Owner(theirs, blocks: true));
        dependent.Metadata["uid"] = theirs.Uid;
        KubeObject made = await world.Attacker.CreateAsync(ServerFixture.ConfigMaps, "default", dependent, Cancel);

        Assert.NotEqual(theirs.Uid, made.Uid);
        await Eventually.TrueAsync(async () => await world.Attacker.FindAsync(ServerFixture.ConfigMaps, "default", "dependent", Cancel) is null, "an orphan is collected", TimeSpan.FromSeconds(60), Cancel);
        await world.UntouchedAsync();
    }

    /// <summary>Whoever knows an object's uid can name it as an owner, and hold what names it: the owner does not wait for what stands in another cluster.</summary>
    [Fact]
    public async Task Dependent_InAnotherCluster_HoldsNoOwner()
    {
        KubeObject owner = await world.Victim.CreateAsync(ServerFixture.ConfigMaps, "default", ServerFixture.ConfigMap("parent"), Cancel);
        JsonObject dependent = ServerFixture.ConfigMap("holds");
        dependent.Metadata["ownerReferences"] = new JsonArray(ServerFixture.Owner(owner, blocks: true));
        dependent.Metadata["finalizers"] = new JsonArray("attack.example.com/stays");
        await world.Attacker.CreateAsync(ServerFixture.ConfigMaps, "default", dependent, Cancel);

        await world.Victim.DeleteAsync(ServerFixture.ConfigMaps, "default", "parent", new DeleteQuery { PropagationPolicy = "Foreground" }, Cancel);

        await Eventually.TrueAsync(async () => await world.Victim.FindAsync(ServerFixture.ConfigMaps, "default", "parent", Cancel) is null, "the owner goes", TimeSpan.FromSeconds(60), Cancel);
        Assert.NotNull(await world.Attacker.FindAsync(ServerFixture.ConfigMaps, "default", "holds", Cancel));
        await world.UntouchedAsync();
    }

    [Theory]
    [InlineData("?resourceVersion=9223372036854775807")]
    [InlineData("?resourceVersion=-1")]
    [InlineData("?resourceVersion=99999999999999999999999")]
    [InlineData("?watch=1&resourceVersion=9223372036854775807&timeoutSeconds=1")]
    [InlineData("?fieldSelector=metadata.namespace%3D..%2Fbeta")]
    [InlineData("?fieldSelector=metadata.name%3D..%252f..%252fcanary")]
    [InlineData("?labelSelector=" + "a%20in%20(")]
    [InlineData("?limit=-9223372036854775808")]
    [InlineData("?limit=9999999999999999999999")]
    [InlineData("?timeoutSeconds=-1")]
    public async Task List_WithAbsurdOptions_EndsSoonAndShowsNothing(string query)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        (int code, string answer) = await world.SendAsync(new Attempt("", "GET", $"{Here}/api/v1/secrets{query}", [])).WaitAsync(limit.Token);

        Assert.Contains(code, (int[])[200, 400, 410, 422, 500, 504]);
        await world.UntouchedAsync(answer);
    }

    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private static Attempt Post(string what, string path, int code, string body, params int[] others) => new(what, "POST", Here + path, [code, .. others], null, body);

    private static string Definition(string plural, string group) =>
        $$"""
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{plural}}.{{group}}"},"spec":{"group":"{{group}}","scope":"Namespaced","names":{"plural":"{{plural}}","kind":"X{{plural}}"},
        "versions":[{"name":"v1alpha1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true} } }]} }
        """;

    private static JsonObject Webhook(string name, string url) => (JsonObject)JsonNode.Parse(
        $$"""
        {"apiVersion":"admissionregistration.k8s.io/v1","kind":"ValidatingWebhookConfiguration","metadata":{"name":"{{name}}"},"webhooks":[{"name":"{{name}}.example.com","clientConfig":{"url":"{{url}}"},"admissionReviewVersions":["v1"],
        "sideEffects":"None","timeoutSeconds":30,"matchConditions":[{"name":"own","expression":"object.metadata.name == '{{name}}'"}],"rules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps"]}]}]}
        """)!;
}
