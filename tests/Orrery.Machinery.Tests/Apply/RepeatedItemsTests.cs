using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Apply;

/// <summary>Several items of a list with one name, as a container's variables may have: they are owned as a whole, by whoever wrote one of them last.</summary>
public sealed class RepeatedItemsTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 1, TimeSpan.Zero);
    private static readonly Schema Pod = BuiltinTypes.Instance.Find(new GroupVersionKind("", "v1", "Pod"))!;

    [Fact]
    public void Update_NewObject_OwnsThemAsOneLeaf() =>
        Assert.Equal(["maker: A, B, B.name, B.value"], Owners(Written(null, "maker", "A=1", "A=2", "B=3")));

    [Fact]
    public void Update_OneOfThem_TakesAll()
    {
        JsonObject changed = Written(Written(null, "maker", "A=1", "A=2", "B=3"), "other", "A=1", "A=4", "B=3");

        Assert.Equal(["maker: B, B.name, B.value", "other: A"], Owners(changed));
    }

    [Fact]
    public void Update_UntilOneIsLeft_OwnsItPartByPart()
    {
        JsonObject changed = Written(Written(null, "maker", "A=1", "A=2", "B=3"), "other", "A=1", "B=3");

        Assert.Equal(["maker: B, B.name, B.value", "other: A, A.name, A.value"], Owners(changed));
    }

    [Fact]
    public void Update_ASecondOfAName_TakesTheFirst()
    {
        JsonObject changed = Written(Written(null, "maker", "A=1", "B=3"), "other", "A=1", "A=2", "B=3");

        Assert.Equal(["maker: B, B.name, B.value", "other: A"], Owners(changed));
    }

    [Fact]
    public void Update_ThatLeavesThemAlone_TakesNothing() =>
        Assert.Equal(["maker: A", "other: B, B.name, B.value"], Owners(Written(Written(null, "maker", "A=1", "A=2"), "other", "A=1", "A=2", "B=3")));

    [Fact]
    public void Apply_OneOfTheirName_IsAConflict_AndForcedStandsForAll()
    {
        JsonObject live = Written(null, "maker", "A=1", "A=2", "B=3");
        JsonObject wanted = Of("A=2");

        var refusal = Assert.Throws<StatusException>(() => FieldManager.Apply(live, wanted, Pod, "applier", false, null, Now));
        JsonObject forced = FieldManager.Apply(live, wanted, Pod, "applier", true, null, Now);

        Assert.Equal(".spec.containers[name=\"c\"].env[name=\"A\"]", Assert.Single(refusal.Status.Details!.Causes).Field);
        Assert.Equal("""[{"name":"A","value":"2"},{"name":"B","value":"3"}]""", Variables(forced).ToJsonString());
        Assert.Equal(["applier: A, A.name, A.value", "maker: B, B.name, B.value"], Owners(forced));
    }

    [Fact]
    public void Apply_OthersBesideThem_LeavesThem()
    {
        JsonObject live = Written(null, "maker", "A=1", "A=2");

        JsonObject merged = FieldManager.Apply(live, Of("B=3"), Pod, "applier", false, null, Now);

        Assert.Equal("""[{"name":"A","value":"1"},{"name":"A","value":"2"},{"name":"B","value":"3"}]""", Variables(merged).ToJsonString());
        Assert.Equal(["applier: B, B.name, B.value", "maker: A"], Owners(merged));
    }

    private static JsonObject Written(JsonObject? live, string manager, params string[] variables)
    {
        JsonObject updated = live is null ? Of() : (JsonObject)live.DeepClone();
        updated["spec"]!["containers"]![0]!["env"] = Variables(Of(variables)).DeepClone();
        FieldManager.Update(live, updated, Pod, manager, null, Now);
        return updated;
    }

    private static JsonObject Of(params string[] variables) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Pod",
        ["metadata"] = new JsonObject { ["name"] = "p" },
        ["spec"] = new JsonObject
        {
            ["containers"] = new JsonArray(new JsonObject
            {
                ["name"] = "c",
                ["env"] = new JsonArray([.. variables.Select(v => (JsonNode)new JsonObject { ["name"] = v[..1], ["value"] = v[2..] })]),
            }),
        },
    };

    private static JsonNode Variables(JsonObject pod) => pod["spec"]!["containers"]![0]!["env"]!;

    /// <summary>Who owns what of the variables: <c>A</c> is the item itself, <c>A.value</c> a part of it.</summary>
    private static IEnumerable<string> Owners(JsonObject pod)
    {
        foreach (JsonNode? entry in pod.NodeAt("metadata", "managedFields")!.AsArray())
        {
            var owned = new List<string>();
            foreach ((string key, JsonNode? item) in entry!["fieldsV1"]!["f:spec"]!["f:containers"]!["k:{\"name\":\"c\"}"]!["f:env"]!.AsObject().Where(m => m.Key != "."))
            {
                string name = JsonNode.Parse(key[2..])!["name"]!.GetValue<string>();
                JsonObject parts = item!.AsObject();
                owned.AddRange(parts.Count == 0 || parts.ContainsKey(".") ? [name] : []);
                owned.AddRange(parts.Where(p => p.Key != ".").Select(p => $"{name}.{p.Key[2..]}"));
            }

            yield return $"{entry["manager"]}: {string.Join(", ", owned)}";
        }
    }
}
