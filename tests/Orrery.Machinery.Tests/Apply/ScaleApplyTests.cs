using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Apply;

public sealed class ScaleApplyTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 1, TimeSpan.Zero);
    private static readonly GroupVersionKind Deployment = new("apps", "v1", "Deployment");
    private static readonly string[] Path = ["spec", "replicas"];

    [Fact]
    public void Merge_ReplicasOfAnother_AreAConflictUntilForced()
    {
        JsonObject parent = Applied("one", 2);

        StatusException conflict = Assert.Throws<StatusException>(() => Merge(parent, 4, "scaler", force: false));
        JsonObject scale = Merge(parent, 4, "scaler", force: true);

        Assert.Equal("Apply failed with 1 conflict: conflict with \"one\": .spec.replicas", conflict.Message);
        Assert.Equal(4, scale.NumberAt("spec", "replicas"));
        Assert.Null(scale.NodeAt("metadata", "managedFields"));
        Assert.Equal(
            """[{"manager":"scaler","operation":"Apply","apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}},"subresource":"scale"}]""",
            parent.NodeAt("metadata", "managedFields")!.ToJsonString());
    }

    [Fact]
    public void Merge_TheSameReplicas_AreShared()
    {
        JsonObject parent = Applied("one", 2);

        Merge(parent, 2, "scaler", force: false);

        var managers = (JsonArray)parent.NodeAt("metadata", "managedFields")!;
        Assert.Equal(["one", "scaler"], managers.Select(m => (string?)m!["manager"]).Order());
        Assert.All(managers, m => Assert.Equal("""{"f:spec":{"f:replicas":{}}}""", m!["fieldsV1"]!.ToJsonString()));
    }

    private static JsonObject Applied(string manager, int replicas) => FieldManager.Apply(
        null, Json($$$"""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":{{{replicas}}}}}"""), BuiltinTypes.Instance.Find(Deployment)!, manager, false, null, Now);

    private static JsonObject Merge(JsonObject parent, int replicas, string manager, bool force) => ScaleApply.Merge(
        parent, Scales.Read(Deployment, parent), Json($$$"""{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"d"},"spec":{"replicas":{{{replicas}}}}}"""), Path, manager, force, Now);

    private static JsonObject Json(string text) => (JsonObject)JsonNode.Parse(text)!;
}
