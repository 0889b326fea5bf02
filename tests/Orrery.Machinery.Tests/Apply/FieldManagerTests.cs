using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Apply;

public sealed class FieldManagerTests
{
    private static readonly DateTimeOffset T1 = new(2026, 1, 1, 0, 0, 1, 500, TimeSpan.Zero);
    private static readonly DateTimeOffset T2 = T1.AddMinutes(1);
    private static readonly Schema ConfigMap = BuiltinTypes.Instance.Find(new GroupVersionKind("", "v1", "ConfigMap"))!;
    private static readonly Schema Deployment = BuiltinTypes.Instance.Find(new GroupVersionKind("apps", "v1", "Deployment"))!;
    private static readonly Schema Service = BuiltinTypes.Instance.Find(new GroupVersionKind("", "v1", "Service"))!;

    [Fact]
    public void Apply_SeveralConflicts_ListsThemByOwner()
    {
        JsonObject live = Apply(null, Map("x", "1"), "zed");
        live = Apply(live, Map("y", "1"), "abe");
        JsonObject updated = Clone(live);
        updated["data"]!["z"] = "1";
        FieldManager.Update(live, updated, ConfigMap, "curl", null, T1);

        var e = Assert.Throws<StatusException>(() => Apply(updated, Map("x", "2", "y", "2", "z", "2"), "me"));

        Assert.Equal(409, e.Code);
        Assert.Equal(
            "Apply failed with 3 conflicts: conflicts with \"abe\":\n- .data.y\nconflicts with \"curl\" using v1:\n- .data.z\nconflicts with \"zed\":\n- .data.x",
            e.Message);
        Assert.Equal(
            [("conflict with \"abe\"", ".data.y"), ("conflict with \"curl\" using v1", ".data.z"), ("conflict with \"zed\"", ".data.x")],
            e.Status.Details!.Causes.Select(c => (c.Message, c.Field)));
        Assert.All(e.Status.Details.Causes, c => Assert.Equal("FieldManagerConflict", c.Reason));
    }

    /// <summary>Of one manager what it did through a subresource comes first.</summary>
    [Fact]
    public void Apply_ConflictsWithOneOwnerThroughASubresource_ListsThatFirst()
    {
        JsonObject live = Apply(null, Map("x", "1"), "abe");
        JsonObject updated = Clone(live);
        updated["data"]!["y"] = "1";
        FieldManager.Update(live, updated, ConfigMap, "zed", null, T1);
        JsonObject again = Clone(updated);
        again["data"]!["z"] = "1";
        FieldManager.Update(updated, again, ConfigMap, "zed", "status", T1);

        var e = Assert.Throws<StatusException>(() => Apply(again, Map("x", "2", "y", "2", "z", "2"), "me"));

        Assert.Equal(
            "Apply failed with 3 conflicts: conflicts with \"abe\":\n- .data.x\nconflicts with \"zed\" with subresource \"status\" using v1:\n- .data.z\nconflicts with \"zed\" using v1:\n- .data.y",
            e.Message);
    }

    [Fact]
    public void Apply_AQuantity_IsOwnedAndTakenBack()
    {
        Schema pod = BuiltinTypes.Instance.Find(new GroupVersionKind("", "v1", "Pod"))!;
        JsonObject With(string emptyDir) => Json($$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"volumes":[{"name":"v","emptyDir":{{{emptyDir}}} }]}}""");

        JsonObject live = Apply(null, With("""{"sizeLimit":"1Gi","medium":"Memory"}"""), "one", pod);
        var conflict = Assert.Throws<StatusException>(() => Apply(live, With("""{"sizeLimit":"2Gi"}"""), "two", pod));
        JsonObject without = Apply(live, With("""{"medium":"Memory"}"""), "one", pod);

        Assert.Equal(".spec.volumes[name=\"v\"].emptyDir.sizeLimit", Assert.Single(conflict.Status.Details!.Causes).Field);
        Assert.Equal("""{"medium":"Memory"}""", without.NodeAt("spec", "volumes")![0]!["emptyDir"]!.ToJsonString());
    }

    [Fact]
    public void Apply_Twice_ChangesNothing()
    {
        JsonObject first = Apply(null, Map("x", "1"), "one", now: T1);
        JsonObject second = Apply(first, Map("x", "1"), "one", now: T2);
        Assert.Equal(first.ToJsonString(), second.ToJsonString());
    }

    [Fact]
    public void Apply_Arguments_AreLeftAlone()
    {
        JsonObject live = Apply(null, Map("x", "1", "y", "1"), "one");
        JsonObject applied = Map("x", "2");
        string liveBefore = live.ToJsonString(), appliedBefore = applied.ToJsonString();
        Apply(live, applied, "one");
        Assert.Equal((liveBefore, appliedBefore), (live.ToJsonString(), applied.ToJsonString()));
    }

    [Fact]
    public void Apply_NeverTrackedObject_OwnsItBeforeFirstApply()
    {
        JsonObject live = Map("x", "1");
        live.Metadata["uid"] = "u";
        var e = Assert.Throws<StatusException>(() => Apply(live, Map("x", "2"), "one"));
        Assert.Equal("Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.x", e.Message);

        JsonObject forced = Apply(live, Map("x", "2"), "one", force: true);
        Assert.Equal(["one Apply {\"f:data\":{\"f:x\":{}}}", "before-first-apply Update {\"f:data\":{}}"], Owners(forced));
    }

    [Fact]
    public void Apply_KubectlOverClientSideApply_TakesItsOwnFieldsWithoutConflict()
    {
        JsonObject live = Map("x", "1", "y", "1");
        string lastApplied = Map("x", "1", "y", "1").ToJsonString();
        live.Metadata["annotations"] = new JsonObject { [LastApplied.Annotation] = lastApplied };
        FieldManager.Update(null, live, ConfigMap, "kubectl-client-side-apply", null, T1);

        JsonObject result = Apply(live, Map("x", "2", "y", "1"), "kubectl");
        Assert.Equal("2", (string?)result["data"]!["x"]);
        Assert.Equal(
            "{\"apiVersion\":\"v1\",\"data\":{\"x\":\"2\",\"y\":\"1\"},\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}\n",
            result.TextAt("metadata", "annotations", LastApplied.Annotation));

        // Somebody else's manager has no such right, and a field that was changed since is disputed.
        Assert.Throws<StatusException>(() => Apply(live, Map("x", "2"), "other"));
        JsonObject changed = Clone(live);
        changed["data"]!["x"] = "9";
        FieldManager.Update(live, changed, ConfigMap, "curl", null, T1);
        Assert.Equal(".data.x", Assert.Throws<StatusException>(() => Apply(changed, Map("x", "2"), "kubectl")).Status.Details!.Causes.Single().Field);
    }

    [Fact]
    public void Apply_SetOfScalars_MergesAndRemovesItemByItem()
    {
        JsonObject live = Apply(null, Finalizers("a/x", "a/y"), "one");
        live = Apply(live, Finalizers("a/z", "a/y"), "two");
        Assert.Equal(["a/x", "a/z", "a/y"], Items(live));

        live = Apply(live, Finalizers("a/y"), "one");
        Assert.Equal(["a/z", "a/y"], Items(live));
        live = Apply(live, Map(), "two");
        Assert.Equal(["a/y"], Items(live));
        live = Apply(live, Map(), "one");
        Assert.Null(live.NodeAt("metadata", "finalizers"));

        static IEnumerable<string> Items(JsonObject o) => o.NodeAt("metadata", "finalizers")!.AsArray().Select(x => (string)x!);
    }

    [Fact]
    public void Apply_PortsThatDifferInDefaultedKey_AreTwoItems()
    {
        JsonObject live = Apply(null, ServiceOf("""[{"port":53}]"""), "one", Service);
        live = Apply(live, ServiceOf("""[{"port":53,"protocol":"UDP"},{"port":53,"protocol":"TCP","name":"dns"}]"""), "two", Service);
        Assert.Equal("""[{"port":53,"protocol":"UDP"},{"port":53,"protocol":"TCP","name":"dns"}]""", live["spec"]!["ports"]!.ToJsonString());
        live = Apply(live, ServiceOf("[]"), "two", Service);
        Assert.Equal("""[{"port":53}]""", live["spec"]!["ports"]!.ToJsonString());

        static JsonObject ServiceOf(string ports) => Json($$$"""{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":{{{ports}}}}}""");
    }

    [Fact]
    public void Apply_AtomicListAndMap_AreOwnedAsAWhole()
    {
        JsonObject live = Apply(null, DeploymentOf("""{"selector":{"matchLabels":{"a":"1"}}}"""), "one", Deployment);
        var e = Assert.Throws<StatusException>(() => Apply(live, DeploymentOf("""{"selector":{"matchLabels":{"b":"1"}}}"""), "two", Deployment));
        Assert.Equal(".spec.selector", e.Status.Details!.Causes.Single().Field);
    }

    [Fact]
    public void Apply_PrunedContainer_TakesDefaultsThatHangBelowWithIt()
    {
        JsonObject live = Apply(null, Containers("""[{"name":"a","image":"a:1"},{"name":"b","image":"b:1"}]"""), "one", Deployment);
        live["spec"]!["template"]!["spec"]!["containers"]![1]!["imagePullPolicy"] = "Always";
        live = Apply(live, Containers("""[{"name":"a","image":"a:1"}]"""), "one", Deployment);
        Assert.Equal("""[{"name":"a","image":"a:1"}]""", live["spec"]!["template"]!["spec"]!["containers"]!.ToJsonString());
    }

    [Fact]
    public void Apply_SharedContainerGivenUp_KeepsItsDefaults()
    {
        JsonObject live = Apply(null, Containers("""[{"name":"a","image":"a:1","args":["x"]}]"""), "one", Deployment);
        live = Apply(live, Containers("""[{"name":"a","image":"a:1"}]"""), "two", Deployment);
        live["spec"]!["template"]!["spec"]!["containers"]![0]!["imagePullPolicy"] = "Always";
        live = Apply(live, DeploymentOf("{}"), "one", Deployment);
        Assert.Equal("""[{"name":"a","image":"a:1","imagePullPolicy":"Always"}]""", live["spec"]!["template"]!["spec"]!["containers"]!.ToJsonString());
    }

    [Theory]
    [InlineData("x a", "n a", "x n a")]
    [InlineData("a x b", "b a", "x b a")]
    [InlineData("a b c", "c", "a b c")]
    [InlineData("a b c", "n", "a b c n")]
    [InlineData("x a y b z", "b n a", "x y b z n a")]
    [InlineData("a x b y", "a b", "a x b y")]
    public void Apply_Lists_TakeTheAppliedOrder(string live, string applied, string result)
    {
        JsonObject before = Apply(null, Containers(Named(live)), "one", Deployment);
        JsonObject after = Apply(before, Containers(Named(applied)), "two", Deployment);
        Assert.Equal(result, string.Join(' ', after["spec"]!["template"]!["spec"]!["containers"]!.AsArray().Select(c => (string)c!["name"]!)));

        static string Named(string names) => $"[{string.Join(',', names.Split(' ').Select(n => $$"""{"name":"{{n}}"}"""))}]";
    }

    [Theory]
    [InlineData("""{"spec":{"replicas":"three"}}""", ".spec.replicas: expected numeric (int or float), got string")]
    [InlineData("""{"spec":[]}""", ".spec: expected map, got &{[]}")]
    [InlineData("""{"spec":{"nope":1,"paused":"x"}}""", "errors:\n  .spec.nope: field not declared in schema\n  .spec.paused: expected boolean, got &{x}")]
    public void Apply_DoesNotFitTheType_SaysWhere(string json, string fault)
    {
        JsonObject applied = Json(json);
        applied["apiVersion"] = "apps/v1";
        applied["kind"] = "Deployment";
        applied["metadata"] = new JsonObject { ["name"] = "web", ["namespace"] = "n" };
        var e = Assert.Throws<StatusException>(() => Apply(null, applied, "one", Deployment));
        Assert.Equal((500, "", $"failed to create typed patch object (n/web; apps/v1, Kind=Deployment): {fault}"), (e.Code, e.Reason, e.Message));
    }

    [Fact]
    public void Apply_ResetField_IsNotOwned()
    {
        JsonObject applied = DeploymentOf("""{"replicas":1}""");
        applied["status"] = new JsonObject { ["replicas"] = 3 };
        JsonObject result = FieldManager.Apply(null, applied, Deployment, "one", false, null, T1, ["status"]);
        Assert.Equal(["one Apply {\"f:spec\":{\"f:replicas\":{}}}"], Owners(result));
    }

    [Fact]
    public void Apply_StatusSubresource_IsAnEntryOfItsOwn()
    {
        JsonObject live = Apply(null, DeploymentOf("""{"replicas":1}"""), "one", Deployment);
        JsonObject status = Json("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"status":{"replicas":1}}""");
        live = FieldManager.Apply(live, status, Deployment, "one", false, "status", T1, ["spec"]);
        Assert.Equal(["one Apply {\"f:spec\":{\"f:replicas\":{}}}", "one Apply {\"f:status\":{\"f:replicas\":{}}} status"], Owners(live));

        status["status"]!["replicas"] = 2;
        var e = Assert.Throws<StatusException>(() => FieldManager.Apply(live, status, Deployment, "two", false, "status", T1, ["spec"]));
        Assert.Equal("Apply failed with 1 conflict: conflict with \"one\" with subresource \"status\": .status.replicas", e.Message);
    }

    [Fact]
    public void Apply_CustomResourceWithoutSchema_OwnsMembersAndWholeLists()
    {
        var open = new Schema { Type = SchemaType.Object, PreserveUnknownFields = true };
        JsonObject applied = Json("""{"apiVersion":"x.io/v1","kind":"X","metadata":{"name":"x","labels":{"a":"1"}},"spec":{"list":[{"a":1}],"map":{"b":{"c":1}}}}""");
        JsonObject live = FieldManager.Apply(null, applied, open, "one", false, null, T1);
        Assert.Equal(["""one Apply {"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{".":{},"f:list":{},"f:map":{".":{},"f:b":{".":{},"f:c":{}}}}}"""], Owners(live));

        applied = Json("""{"apiVersion":"x.io/v1","kind":"X","metadata":{"name":"x"},"spec":{"list":[],"map":{}}}""");
        // What pruning empties is null, as an apiextensions-apiserver 1.36 leaves it there.
        Assert.Equal("""{"list":[],"map":null}""", FieldManager.Apply(live, applied, open, "one", false, null, T1)["spec"]!.ToJsonString());
    }

    [Fact]
    public void Apply_ListThatBecameAtomic_IsOwnedAsAWhole()
    {
        JsonObject applied = Json("""{"apiVersion":"x.io/v1","kind":"X","metadata":{"name":"x"},"spec":{"tags":["a","b"]}}""");
        JsonObject live = FieldManager.Apply(null, applied, WithTags(ListType.Set), "one", false, null, T1);
        Assert.Equal(["""one Apply {"f:spec":{"f:tags":{"v:\u0022a\u0022":{},"v:\u0022b\u0022":{}}}}"""], Owners(live));

        JsonObject other = Json("""{"apiVersion":"x.io/v1","kind":"X","metadata":{"name":"x"},"spec":{"tags":["c"]}}""");
        var e = Assert.Throws<StatusException>(() => FieldManager.Apply(live, other, WithTags(ListType.Atomic), "two", false, null, T1));
        Assert.Equal("Apply failed with 1 conflict: conflict with \"one\": .spec.tags", e.Message);

        static Schema WithTags(ListType type)
        {
            var tags = new Schema { Type = SchemaType.Array, ListType = type, Items = new Schema { Type = SchemaType.String } };
            var spec = new Schema { Type = SchemaType.Object, Properties = new Dictionary<string, Schema> { ["tags"] = tags } };
            return new Schema { Type = SchemaType.Object, Properties = new Dictionary<string, Schema> { ["spec"] = spec } };
        }
    }

    [Fact]
    public void Apply_Null_TakesNothingFromOthers()
    {
        JsonObject live = Apply(null, Map("x", "1"), "one");
        JsonObject applied = Json("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":null}""");
        Assert.Equal("""{"x":"1"}""", Apply(live, applied, "two")["data"]!.ToJsonString());
    }

    [Fact]
    public void Update_Change_IsTakenFromItsOwner()
    {
        JsonObject live = Apply(null, Map("x", "1", "y", "1"), "one");
        JsonObject updated = Clone(live);
        updated["data"]!["x"] = "2";
        FieldManager.Update(live, updated, ConfigMap, "curl", null, T2);
        Assert.Equal(["one Apply {\"f:data\":{\"f:y\":{}}}", "curl Update {\"f:data\":{\"f:x\":{}}}"], Owners(updated));
        Assert.Equal(["2026-01-01T00:00:01Z", "2026-01-01T00:01:01Z"], Entries(updated).Select(e => (string)e["time"]!));
    }

    [Fact]
    public void Update_RemovalAlone_LeavesTheTime()
    {
        JsonObject live = Map("x", "1", "y", "1");
        FieldManager.Update(null, live, ConfigMap, "curl", null, T1);
        JsonObject updated = Clone(live);
        updated["data"]!.AsObject().Remove("x");
        FieldManager.Update(live, updated, ConfigMap, "curl", null, T2);
        Assert.Equal(["curl Update {\"f:data\":{\".\":{},\"f:y\":{}}}"], Owners(updated));
        Assert.Equal("2026-01-01T00:00:01Z", (string)Entries(updated).Single()["time"]!);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[{}]")]
    public void Update_EmptyManagedFields_EndsTracking(string managedFields)
    {
        JsonObject live = Map("x", "1");
        live.Metadata["uid"] = "u";
        FieldManager.Update(null, live, ConfigMap, "curl", null, T1);
        JsonObject updated = Clone(live);
        updated.Metadata["managedFields"] = JsonNode.Parse(managedFields);
        FieldManager.Update(live, updated, ConfigMap, "curl", null, T2);
        Assert.False(updated.Metadata.ContainsKey("managedFields"));

        JsonObject again = Clone(updated);
        again["data"]!["x"] = "2";
        FieldManager.Update(updated, again, ConfigMap, "curl", null, T2);
        Assert.False(again.Metadata.ContainsKey("managedFields"));
    }

    [Theory]
    [InlineData("""[{"manager":"m","operation":"Bogus","apiVersion":"v1","fieldsType":"FieldsV1"}]""")]
    [InlineData("""[{"manager":"m","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"nonsense":{}}}]""")]
    [InlineData("""[7]""")]
    public void Update_UnreadableManagedFields_FallsBackToTheLiveOnes(string managedFields)
    {
        JsonObject live = Apply(null, Map("x", "1"), "one");
        JsonObject updated = Clone(live);
        updated["data"]!["y"] = "1";
        updated.Metadata["managedFields"] = JsonNode.Parse(managedFields);
        FieldManager.Update(live, updated, ConfigMap, "curl", null, T1);
        Assert.Equal(["one Apply {\"f:data\":{\"f:x\":{}}}", "curl Update {\"f:data\":{\"f:y\":{}}}"], Owners(updated));
    }

    [Fact]
    public void Update_ManyUpdaters_AreCappedAtTen()
    {
        JsonObject live = Map("first", "1");
        FieldManager.Update(null, live, ConfigMap, "m00", null, T1);
        for (int i = 1; i < 25; i++)
        {
            JsonObject next = Clone(live);
            next["data"]![$"k{i:00}"] = "1";
            FieldManager.Update(live, next, ConfigMap, $"m{i:00}", null, T1.AddSeconds(i));
            live = next;
        }

        List<JsonObject> entries = [.. Entries(live)];
        Assert.Equal(10, entries.Count);
        Assert.Equal("ancient-changes", (string)entries[0]["manager"]!);
        Assert.Equal(16, ((JsonObject)entries[0]["fieldsV1"]!["f:data"]!).Count - 1);
        Assert.Equal("m24", (string)entries[^1]["manager"]!);
    }

    [Fact]
    public void Update_Subresource_CannotRewriteManagedFields()
    {
        JsonObject live = Apply(null, DeploymentOf("""{"replicas":1}"""), "one", Deployment);
        JsonObject updated = Clone(live);
        updated.Metadata["managedFields"] = new JsonArray();
        updated["status"] = new JsonObject { ["replicas"] = 1 };
        FieldManager.Update(live, updated, Deployment, "kubelet", "status", T1);
        Assert.Equal(["one Apply {\"f:spec\":{\"f:replicas\":{}}}", "kubelet Update {\"f:status\":{\".\":{},\"f:replicas\":{}}} status"], Owners(updated));
    }

    private static JsonObject Apply(JsonObject? live, JsonObject applied, string manager, Schema? schema = null, bool force = false, DateTimeOffset? now = null) =>
        FieldManager.Apply(live, applied, schema ?? ConfigMap, manager, force, null, now ?? T1);

    private static JsonObject Map(params string[] data)
    {
        JsonObject map = Json("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}""");
        for (int i = 0; i < data.Length; i += 2)
        {
            map.ObjectAt("data")[data[i]] = data[i + 1];
        }

        return map;
    }

    private static JsonObject Finalizers(params string[] finalizers)
    {
        JsonObject map = Map();
        map.Metadata["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]);
        return map;
    }

    private static JsonObject DeploymentOf(string spec) => Json($$$"""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{{{spec}}}}""");

    private static JsonObject Containers(string containers) => DeploymentOf($$$$"""{"template":{"spec":{"containers":{{{{containers}}}}}}}""");

    private static IEnumerable<JsonObject> Entries(JsonObject o) => o.NodeAt("metadata", "managedFields")!.AsArray().Cast<JsonObject>();

    private static IEnumerable<string> Owners(JsonObject o) =>
        Entries(o).Select(e => $"{e["manager"]} {e["operation"]} {e["fieldsV1"]!.ToJsonString()} {e["subresource"]}".TrimEnd());

    private static JsonObject Clone(JsonObject o) => (JsonObject)o.DeepClone();

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();
}
