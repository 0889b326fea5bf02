using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Mirror;

namespace Orrery.Controllers.Tests.Mirror;

public sealed class MirrorTests
{
    private static readonly ClusterName Shop = new("acme", "shop");

    private const string Pod = """
        {"apiVersion": "v1", "kind": "Pod",
         "metadata": {"name": "web-1", "namespace": "acme-shop-default", "uid": "p1", "labels": {"app": "web"}, "ownerReferences": [{"kind": "ReplicaSet"}], "finalizers": ["x"]},
         "spec": {"nodeName": "n1", "priority": 5, "containers": [{"name": "c", "image": "web:1"}]},
         "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"name": "c", "ready": true}]}}
        """;

    [Fact]
    public void KeyOf_PodObservation_IsNamedAfterTheDataPlane()
    {
        MirrorKey? key = ObservationDirectory.KeyOf(Observation("acme/shop"));

        Assert.Equal(new MirrorKey("Pod", new ObjectKey(Shop, "default", "web-1.pa2-par")), key);
    }

    [Fact]
    public void KeyOf_NodeObservation_IsNone() =>
        Assert.Null(ObservationDirectory.KeyOf(Samples.Object(
            """{"metadata": {"namespace": "dp-pa2-par"}, "spec": {"source": {"apiVersion": "v1", "kind": "Node", "name": "n1"}}}""")));

    [Fact]
    public void Build_Pod_KeepsWhatTenantsSeeAndNothingOfTheOwner()
    {
        JsonObject mirrored = PodMirror.Build(Samples.Json(Pod), Key(), "pa2-par", "n1");

        Assert.Equal(
            """{"name":"web-1.pa2-par","namespace":"default","labels":{"app":"web","orrery.dev/data-plane":"pa2-par"},"annotations":{"orrery.dev/source-uid":"p1"},"finalizers":["orrery.dev/mirror"]}""",
            mirrored.Metadata.ToJsonString());
        Assert.Equal("""{"containers":[{"name":"c","image":"web:1"}],"nodeName":"n1"}""", mirrored["spec"]!.ToJsonString());
        Assert.Equal("Running", mirrored.TextAt("status", "phase"));
    }

    [Fact]
    public void Silence_RunningPod_KnowsNothingOfIt()
    {
        JsonObject status = Samples.Json(Pod)["status"]!.AsObject();

        PodMirror.Silence(status, "silent since noon");

        Assert.Equal("Unknown", (string?)status["phase"]);
        Assert.Equal("silent since noon", (string?)status["message"]);
        Assert.False((bool)status["containerStatuses"]![0]!["ready"]!);
        Assert.Equal("Unknown", (string?)status["conditions"]![0]!["status"]);
    }

    [Fact]
    public void MustReplace_OtherUidOrImage_IsTrue()
    {
        JsonObject mirrored = PodMirror.Build(Samples.Json(Pod), Key(), "pa2-par", "n1");
        KubeObject present = KubeObject.From(mirrored);

        Assert.False(PodMirror.MustReplace(present, mirrored));
        Assert.True(PodMirror.MustReplace(present, PodMirror.Build(Samples.Json(Pod.Replace("\"p1\"", "\"p2\"", StringComparison.Ordinal)), Key(), "pa2-par", "n1")));
        Assert.True(PodMirror.MustReplace(present, PodMirror.Build(Samples.Json(Pod.Replace("web:1", "web:2", StringComparison.Ordinal)), Key(), "pa2-par", "n1")));
    }

    [Fact]
    public void Node_NameFree_KeepsItsOwn() => Assert.Equal("n1", MirrorNames.Node("n1", "pa2-par", null));

    [Fact]
    public void Node_NameHeldByItsOwnMirror_KeepsIt() => Assert.Equal("n1", MirrorNames.Node("n1", "pa2-par", Holder("pa2-par")));

    [Fact]
    public void Node_NameHeldByAnotherDataPlane_GetsTheDataPlanesName() => Assert.Equal("n1.pa2-par", MirrorNames.Node("n1", "pa2-par", Holder("ny8-nyc")));

    [Fact]
    public void Mirrored_TooLong_IsCutAndStaysDistinct()
    {
        string first = MirrorNames.Mirrored(new string('a', 250), "pa2-par");
        string second = MirrorNames.Mirrored(new string('a', 249) + "b", "pa2-par");

        Assert.Equal(253, first.Length);
        Assert.EndsWith(".pa2-par", first, StringComparison.Ordinal);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public void Build_Node_ShowsNothingOfOtherTenants()
    {
        JsonObject node = Samples.Json("""
            {"metadata": {"name": "n1", "uid": "u", "labels": {"kubernetes.io/hostname": "n1"}, "annotations": {"secret": "x"}},
             "spec": {"podCIDR": "10.0.0.0/24", "providerID": "aws://x"},
             "status": {"capacity": {"cpu": "4"}, "images": [{"names": ["globex:1"]}], "conditions": [{"type": "Ready", "status": "True"}]}}
            """);

        JsonObject mirrored = NodeMirror.Build(node, "n1", Samples.DataPlane("pa2-par"), "acme");

        Assert.Equal("""{}""", mirrored["spec"]!.ToJsonString());
        Assert.Equal("""{"capacity":{"cpu":"4"},"conditions":[{"type":"Ready","status":"True"}]}""", mirrored["status"]!.ToJsonString());
        Assert.Equal("pa2-par", mirrored.TextAt("metadata", "labels", "topology.kubernetes.io/zone"));
        Assert.Equal("""{"orrery.dev/source-uid":"u"}""", mirrored.Metadata["annotations"]!.ToJsonString());
    }

    /// <summary>A machine of a tenant's own carries its name: its neighbours in the data plane see that it is taken, and not by whom.</summary>
    [Theory]
    [InlineData("globex", """{"taints":[{"key":"gpu","value":"yes","effect":"NoSchedule"},{"key":"orrery.dev/tenant","effect":"NoSchedule"}]}""", null, null)]
    [InlineData("acme", """{"taints":[{"key":"gpu","value":"yes","effect":"NoSchedule"},{"key":"orrery.dev/tenant","value":"acme","effect":"NoSchedule"}]}""", "acme", "large")]
    public void Build_NodeThatIsTaken_NamesNoOtherTenant(string owner, string spec, string? tenant, string? pool)
    {
        JsonObject node = Samples.Json($$"""
            {"metadata": {"name": "n1", "uid": "u", "labels": {"orrery.dev/tenant": "{{owner}}", "orrery.dev/machine-pool": "large"} },
             "spec": {"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}, {"key": "orrery.dev/tenant", "value": "{{owner}}", "effect": "NoSchedule"}]} }
            """);

        JsonObject mirrored = NodeMirror.Build(node, "n1", Samples.DataPlane("pa2-par"), "acme");

        Assert.Equal(spec, mirrored["spec"]!.ToJsonString());
        Assert.Equal((tenant, pool), (mirrored.TextAt("metadata", "labels", "orrery.dev/tenant"), mirrored.TextAt("metadata", "labels", "orrery.dev/machine-pool")));
    }

    [Fact]
    public void Build_PodAndEvent_NameNoTenantWhoseMachinesRefusedThem()
    {
        const string Said = "0/3 nodes are available: 2 node(s) had untolerated taint {orrery.dev/tenant: globex}, 1 node(s) had untolerated taint {gpu: yes}.";
        const string Shown = "0/3 nodes are available: 2 node(s) had untolerated taint {orrery.dev/tenant}, 1 node(s) had untolerated taint {gpu: yes}.";
        JsonObject pod = Samples.Json(Pod);
        pod["status"] = Samples.Json($$"""{"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "message": "{{Said}}"}]}""");
        JsonObject found = Samples.Json($$"""
            {"metadata": {"name": "web-1.17", "uid": "e1"}, "reason": "FailedScheduling", "message": "{{Said}}", "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "web-1"} }
            """);

        JsonObject mirrored = PodMirror.Build(pod, Key(), "pa2-par", "");
        JsonObject told = EventMirror.Build(found, new MirrorKey("Event", new ObjectKey(Shop, "default", "web-1.17.pa2-par")), "pa2-par", ("web-1.pa2-par", "v1"));

        Assert.Equal(Shown, (string?)mirrored["status"]!["conditions"]![0]!["message"]);
        Assert.Equal(Shown, told.TextAt("message"));
    }

    [Fact]
    public void Build_NodeOfASilentDataPlane_IsUnknown()
    {
        JsonObject node = Samples.Json("""{"metadata": {"name": "n1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}""");

        JsonObject mirrored = NodeMirror.Build(node, "n1", Samples.DataPlane("pa2-par", ready: "Unknown"), "acme");

        Assert.Equal("Unknown", (string?)mirrored["status"]!["conditions"]![0]!["status"]);
        Assert.Equal("silent since noon", (string?)mirrored["status"]!["conditions"]![0]!["message"]);
    }

    [Fact]
    public void Build_Event_IsAboutTheMirroredPod()
    {
        JsonObject found = Samples.Json("""
            {"metadata": {"name": "web-1.17", "uid": "e1"}, "reason": "Started", "message": "m", "type": "Normal", "count": 2,
             "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "web-1", "namespace": "acme-shop-default", "uid": "p1", "fieldPath": "spec.containers{c}"}}
            """);

        JsonObject mirrored = EventMirror.Build(found, new MirrorKey("Event", new ObjectKey(Shop, "default", "web-1.17.pa2-par")), "pa2-par", ("web-1.pa2-par", "v1"));

        Assert.Equal(
            """{"apiVersion":"v1","kind":"Pod","namespace":"default","name":"web-1.pa2-par","uid":"v1","fieldPath":"spec.containers{c}"}""",
            mirrored["involvedObject"]!.ToJsonString());
        Assert.True(EventMirror.IsSame(KubeObject.From(mirrored), mirrored));
        mirrored["count"] = 3;
        Assert.False(EventMirror.IsSame(KubeObject.From(Samples.Json("""{"count": 2}""")), mirrored));
    }

    [Fact]
    public void Build_EventOfADeployment_SaysInWhichDataPlane()
    {
        JsonObject found = Samples.Json("""
            {"metadata": {"name": "web.17", "uid": "e1"}, "message": "Scaled up", "involvedObject": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}
            """);

        JsonObject mirrored = EventMirror.Build(found, new MirrorKey("Event", new ObjectKey(Shop, "default", "web.17.pa2-par")), "pa2-par", ("web", "v1"));

        Assert.Equal("pa2-par: Scaled up", (string?)mirrored["message"]);
    }

    private static MirrorKey Key() => new("Pod", new ObjectKey(Shop, "default", "web-1.pa2-par"));

    private static KubeObject Observation(string cluster) => Samples.Object(
        $$$"""{"metadata": {"name": "o", "namespace": "dp-pa2-par"}, "spec": {"source": {"cluster": "{{{cluster}}}", "apiVersion": "v1", "kind": "Pod", "namespace": "default", "name": "web-1"}, "object": {} } }""");

    private static KubeObject Holder(string dataPlane) => Samples.Object(
        $$$"""{"metadata": {"name": "n1", "labels": {"orrery.dev/data-plane": "{{{dataPlane}}}"}, "annotations": {"orrery.dev/source-uid": "u"} } }""");
}
