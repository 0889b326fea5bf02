using System.Text.Json.Nodes;
using Orrery.Api;
using static Orrery.Server.Tests.Admission.AdmissionWorld;
using static Orrery.Server.Tests.Admission.PolicyWorld;

namespace Orrery.Server.Tests.Admission;

public sealed class MutatingPolicyTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string PodRule = """{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["pods"]}""";

    private static readonly CancellationToken Token = ServerFixture.Token;

    [Fact]
    public async Task Create_AnApplyConfiguration_IsMergedAsServerSideApplyWould()
    {
        string ns = await fixture.NamespaceAsync();
        await BindMutationAsync(fixture.Admin, ns, ns, $$"""
            "variables":[{"name":"image","expression":"'proxy:' + request.operation"}],
            "mutations":[{{Apply("""
                Object{metadata: Object.metadata{labels: {'sidecar': 'yes'}},
                       spec: Object.spec{containers: [Object.spec.containers{name: 'proxy', image: variables.image}],
                                         ?hostNetwork: optional.none()}}
                """)}}]
            """, PodRule);

        KubeObject pod = await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p"), Token);

        Assert.Equal("yes", pod.Labels["sidecar"]);
        Assert.Equal(["c i:1", "proxy proxy:CREATE"], pod.At("spec", "containers")!.Value.EnumerateArray().Select(c => $"{c.GetProperty("name")} {c.GetProperty("image")}"));
        Assert.All(pod.At("spec", "containers")!.Value.EnumerateArray(), c => Assert.Equal("IfNotPresent", c.GetProperty("imagePullPolicy").GetString()));
        Assert.All(pod.At("spec", "containers")!.Value.EnumerateArray(), c => Assert.Equal("kube-api-access", c.GetProperty("volumeMounts")[0].GetProperty("name").GetString()![..15]));
    }

    [Fact]
    public async Task Create_AJsonPatch_IsCarriedOut()
    {
        string ns = await fixture.NamespaceAsync();
        await BindMutationAsync(fixture.Admin, ns, ns, $$"""
            "mutations":[{{JsonPatch("""
                has(object.metadata.annotations) ? [] : [JSONPatch{op: "add", path: "/metadata/annotations", value: {"first": ""}}]
                """)}},{{JsonPatch("""
                [JSONPatch{op: "test", path: "/data/k", value: "v"},
                 JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("a/b"), value: string(object.metadata.annotations.size())},
                 JSONPatch{op: "replace", path: "/data", value: {"n": "1"}}]
                """)}}]
            """);

        KubeObject patched = await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token);
        Assert.Equal("1", patched.Annotations["a/b"]);
        Assert.Equal("1", patched.TextAt("data", "n"));

        // A test that does not hold leaves everything as it was.
        KubeObject left = await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("b", "other"), Token);
        Assert.Equal("other", left.TextAt("data", "k"));
        Assert.Equal(["first"], left.Annotations.Keys);
    }

    [Theory]
    [InlineData("Object{spec: Object.spec{containers: [Object.spec.containers{name: 'c', args: ['x']}]}}",
        "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.containers[0].args")]
    [InlineData("Object{spec: Object.spec{containers: [Object.spec.other{name: 'c'}]}}",
        "type mismatch: unexpected type name \"Object.spec.other\", expected \"Object.spec.containers\", which matches field name path from root Object type")]
    [InlineData("Object{spec: Object.spec{hostNetwork: object.metadata.none}}",
        "expression 'Object{spec: Object.spec{hostNetwork: object.metadata.none}}' resulted in error: no such key: none")]
    public async Task Create_AMutationThatCannotBe_IsForbidden(string expression, string why)
    {
        string ns = await fixture.NamespaceAsync();
        await BindMutationAsync(fixture.Admin, ns, ns, $$"""  "mutations":[{{Apply(expression)}}]  """, PodRule);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p"), Token));

        Assert.Equal((403, "Invalid", $"policy '{ns}' with binding '{ns}' denied request: {why}"), (refusal.Code, refusal.Status.Reason, refusal.Message));
    }

    /// <summary>The next mutation sees what the one before it left as the kind has it: with its defaults.</summary>
    [Fact]
    public async Task Create_OfABuiltInKind_IsDefaultedAfterEachMutation()
    {
        string ns = await fixture.NamespaceAsync();
        await BindMutationAsync(fixture.Admin, ns, ns, $$"""
            "mutations":[{{Apply("Object{spec: Object.spec{containers: [Object.spec.containers{name: 'side', image: 'i'}]}}")}},
                         {{Apply("Object{metadata: Object.metadata{annotations: {'seen': object.spec.containers[1].imagePullPolicy}}}")}}]
            """, PodRule);

        KubeObject pod = await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p"), Token);

        Assert.Equal("Always", pod.Annotations["seen"]);
    }

    /// <summary>What no object of a built-in kind can be fails the request, whatever the policy says of its own failures.</summary>
    [Theory]
    [InlineData("/data2", "1", "strict decoding error: unknown field \"data2\"")]
    [InlineData("/metadata/labels", "{'n': 1}", "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string")]
    [InlineData("/binaryData", "{'b': 'not base64!'}", "illegal base64 data at input byte 3")]
    public async Task Create_AJsonPatchThatLeavesNoSuchObject_FailsTheRequest(string path, string value, string why)
    {
        string ns = await fixture.NamespaceAsync();
        await BindMutationAsync(fixture.Admin, ns, ns, $$"""
            "failurePolicy":"Ignore","mutations":[{{JsonPatch($"[JSONPatch{{op: 'add', path: '{path}', value: {value}}}]")}}]
            """);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));

        Assert.Equal((500, "InternalError", "Internal error occurred: " + why), (refusal.Code, refusal.Status.Reason, refusal.Message));
    }

    [Fact]
    public async Task Create_AnApplyConfigurationThatLeavesNoSuchObject_IsForbidden()
    {
        string ns = await fixture.NamespaceAsync();
        await BindMutationAsync(fixture.Admin, ns, ns, $$"""  "mutations":[{{Apply("Object{binaryData: {'b': 'not base64!'}}")}}]  """);

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token));

        Assert.Equal(
            (403, $"policy '{ns}' with binding '{ns}' denied request: unable to convert unstructured object to /v1, Kind=ConfigMap: error decoding from json: illegal base64 data at input byte 3"),
            (refusal.Code, refusal.Message));
    }

    [Fact]
    public async Task Create_PoliciesThatLookAtEachOther_AreInvokedAgainWhereTheyAsk()
    {
        string ns = await fixture.NamespaceAsync();
        string Count(string key) => Apply($"Object{{data: {{\"{key}\": has(object.data.late) ? \"saw\" : \"missed\"}}}}");
        await BindMutationAsync(fixture.Admin, $"{ns}-1", ns, $$"""  "reinvocationPolicy":"IfNeeded","mutations":[{{Count("again")}}]  """);
        await BindMutationAsync(fixture.Admin, $"{ns}-2", ns, $$"""  "mutations":[{{Count("once")}}]  """);
        await BindMutationAsync(fixture.Admin, $"{ns}-3", ns, $$"""  "mutations":[{{Apply("Object{data: {\"late\": \"x\"}}")}}]  """);

        KubeObject made = await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), Token);

        Assert.Equal(("saw", "missed"), (made.TextAt("data", "again"), made.TextAt("data", "once")));
    }

    [Fact]
    public async Task Update_OfACustomResource_IsMutatedAndThenValidated()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.Definitions, "", ServerFixture.Definition("mutants"), Token);
        const string rule = """{"apiGroups":["test.example.com"],"apiVersions":["v1"],"operations":["*"],"resources":["mutants"]}""";
        await BindMutationAsync(fixture.Admin, ns, ns, $$"""  "mutations":[{{Apply("Object{spec: Object.spec{size: object.spec.size - 1}}")}}]  """, rule);

        GroupVersionResource mutants = ServerFixture.Custom("mutants");
        KubeObject made = await fixture.Admin.CreateAsync(mutants, ns, Json("""{"apiVersion":"test.example.com/v1","kind":"Kindmutants","metadata":{"name":"m"},"spec":{"size":5}}"""), Token);
        Assert.Equal(4, made.NumberAt("spec", "size"));
        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(mutants, ns, Json("""{"apiVersion":"test.example.com/v1","kind":"Kindmutants","metadata":{"name":"n"},"spec":{"size":1}}"""), Token));
        Assert.Contains("spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"{'a': 1}"}}""", "must evaluate to Object but got map(string, int)")]
    [InlineData("""{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"object"}}""", "must evaluate to Object but got dyn")]
    [InlineData("""{"patchType":"JSONPatch","jsonPatch":{"expression":"[]"}}""", "must evaluate to list(JSONPatch) but got list(dyn)")]
    [InlineData("""{"patchType":"JSONPatch","jsonPatch":{"expression":"[1]"}}""", "must evaluate to list(JSONPatch) but got list(int)")]
    [InlineData("""{"patchType":"JSONPatch","jsonPatch":{"expression":"[JSONPatch{opp: 'add'}]"}}""", "undefined field 'opp'")]
    [InlineData("""{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{spec: Object.metadata{name: 'x'}}"}}""", "expected \"Object.spec\", which matches field name path from root Object type")]
    [InlineData("""{"patchType":"ApplyConfiguration","jsonPatch":{"expression":"[]"}}""", "must be specified when patchType is ApplyConfiguration")]
    [InlineData("""{"patchType":"Other"}""", "supported values: \"ApplyConfiguration\", \"JSONPatch\"")]
    public async Task Create_OfAPolicyThatCannotWork_IsRefused(string mutation, string why)
    {
        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(Mutating, "", Policy("bad", $$"""  "mutations":[{{mutation}}]  """), Token));

        Assert.Equal(422, refusal.Code);
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
    }
}
