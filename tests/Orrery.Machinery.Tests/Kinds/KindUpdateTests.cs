using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Tests.Kinds;

public sealed class KindUpdateTests
{
    private static readonly GroupVersionKind Deployment = new("apps", "v1", "Deployment");
    private static readonly GroupVersionKind Pod = new("", "v1", "Pod");
    private static readonly GroupVersionKind Service = new("", "v1", "Service");

    [Fact]
    public void PrepareForUpdate_SpecChanged_CountsTheGenerationAndKeepsTheStatus()
    {
        JsonObject old = Made(Deployment, DeploymentJson);
        old["status"]!["replicas"] = 2;
        JsonObject o = Copy(old);
        o["spec"]!["replicas"] = 5;
        o["status"] = new JsonObject { ["replicas"] = 9 };
        o.Metadata["generation"] = 77;
        KindRules.PrepareForUpdate(Deployment, o, old);
        Assert.Equal(2, o.Generation);
        Assert.Equal(2, o.NumberAt("status", "replicas"));
    }

    [Theory]
    [InlineData("labels", 1)]
    [InlineData("annotations", 2)]
    public void PrepareForUpdate_OnlyMetadataChanged_CountsForAnnotationsOfADeploymentAlone(string member, int generation)
    {
        JsonObject old = Made(Deployment, DeploymentJson);
        JsonObject o = Copy(old);
        o.Metadata[member] = new JsonObject { ["a"] = "b" };
        KindRules.PrepareForUpdate(Deployment, o, old);
        Assert.Equal(generation, o.Generation);
    }

    [Fact]
    public void PrepareForUpdate_Status_KeepsSpecLabelsAndGeneration()
    {
        JsonObject old = Made(Deployment, DeploymentJson);
        JsonObject o = Copy(old);
        o["spec"]!["replicas"] = 5;
        o.Metadata["labels"] = new JsonObject { ["a"] = "b" };
        o["status"] = new JsonObject { ["readyReplicas"] = 1, ["replicas"] = 1 };
        KindRules.PrepareForUpdate(Deployment, o, old, "status");
        Assert.Equal(1, o.NumberAt("spec", "replicas"));
        Assert.Equal(1, o.Generation);
        Assert.Null(o.Metadata["labels"]);
        Assert.Equal(1, o.NumberAt("status", "readyReplicas"));
    }

    [Theory]
    [InlineData("""["10.0.0.0/24"]""", """["10.0.0.0/24"]""", "")]
    [InlineData("""["10.0.0.0/24"]""", """["10.0.0.0/24","fd00::/64"]""", "")]
    [InlineData("""["10.0.0.0/24"]""", """["10.1.0.0/24"]""", "spec.cidrs[0]: Invalid value: \"10.1.0.0/24\": field is immutable")]
    [InlineData("""["10.0.0.0/24"]""", """["fd00::/64","10.0.0.0/24"]""", "spec.cidrs[0]: Invalid value: \"fd00::/64\": field is immutable")]
    [InlineData("""["10.0.0.0/24","fd00::/64"]""", """["10.0.0.0/24"]""", "spec.cidrs: Invalid value: [\"10.0.0.0/24\"]: field is immutable")]
    public void ValidateUpdate_RangeOfServices_StaysOrIsJoinedByTheOtherFamily(string before, string after, string fault)
    {
        var kind = new GroupVersionKind("networking.k8s.io", "v1", "ServiceCIDR");
        JsonObject old = Made(kind, $$"""{"metadata":{"name":"n"},"spec":{"cidrs":{{before}} } }""", prepare: false);
        JsonObject o = Copy(old);
        o["spec"]!["cidrs"] = JsonNode.Parse(after);
        Assert.Equal(fault, string.Join('|', Texts(KindRules.ValidateUpdate(kind, o, old))));
    }

    [Fact]
    public void ValidateUpdate_Selector_IsImmutable()
    {
        JsonObject old = Made(Deployment, DeploymentJson);
        JsonObject o = Copy(old);
        o["spec"]!["selector"]!["matchLabels"] = new JsonObject { ["app"] = "q" };
        o["spec"]!["template"]!["metadata"]!["labels"] = new JsonObject { ["app"] = "q" };
        Assert.Equal(["spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"q\"}}: field is immutable"], Texts(KindRules.ValidateUpdate(Deployment, o, old)));
    }

    [Fact]
    public void ValidateUpdate_StatefulSetServiceName_IsForbidden()
    {
        var kind = new GroupVersionKind("apps", "v1", "StatefulSet");
        JsonObject old = Made(kind, """{"metadata":{"name":"s","namespace":"n"},"spec":{"serviceName":"s","selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}""");
        JsonObject o = Copy(old);
        o["spec"]!["replicas"] = 3;
        Assert.Empty(KindRules.ValidateUpdate(kind, o, old));
        o["spec"]!["serviceName"] = "t";
        Assert.StartsWith("spec: Forbidden: updates to statefulset spec for fields other than", Assert.Single(Texts(KindRules.ValidateUpdate(kind, o, old))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"podCIDR":"10.0.0.0/24"}""", "10.0.0.0/24")]
    [InlineData("""{"podCIDRs":["10.0.0.0/24","fd00::/64"]}""", "10.0.0.0/24,fd00::/64")]
    [InlineData("""{"podCIDR":"10.1.0.0/24","podCIDRs":["10.0.0.0/24"]}""", "10.1.0.0/24")]
    public void Default_NetworksOfANode_FollowEachOther(string spec, string networks)
    {
        JsonObject node = Defaulted(new GroupVersionKind("", "v1", "Node"), $$"""{"metadata":{"name":"n"},"spec":{{spec}}}""");
        Assert.Equal(networks, string.Join(',', (JsonArray)node["spec"]!["podCIDRs"]!));
        Assert.Equal(networks.Split(',')[0], node.TextAt("spec", "podCIDR"));
    }

    [Fact]
    public void ValidateUpdate_NetworkOfANode_MayBeGivenAndNotChanged()
    {
        var kind = new GroupVersionKind("", "v1", "Node");
        JsonObject bare = Defaulted(kind, """{"metadata":{"name":"n"},"spec":{}}"""), given = Defaulted(kind, """{"metadata":{"name":"n"},"spec":{"podCIDR":"10.0.0.0/24"}}""");
        JsonObject changed = Copy(given);
        changed["spec"]!["podCIDR"] = "10.9.0.0/24";
        KindRules.Default(kind, changed);
        Assert.DoesNotContain(Texts(KindRules.ValidateUpdate(kind, given, bare)), text => text.Contains("node updates", StringComparison.Ordinal));
        Assert.Equal(
            ["spec.podCIDRs: Forbidden: node updates may not change podCIDR except from \"\" to valid", "[]: Forbidden: node updates may only change labels, taints, or capacity"],
            Texts(KindRules.ValidateUpdate(kind, changed, given)).Where(text => text.Contains("node updates", StringComparison.Ordinal)));
    }

    [Fact]
    public void ValidateUpdate_PodImageAndAddedToleration_AreAllowedOthersNot()
    {
        JsonObject old = Made(Pod, PodJson);
        JsonObject o = Copy(old);
        o["spec"]!["containers"]![0]!["image"] = "other:2";
        o["spec"]!["tolerations"] = new JsonArray(new JsonObject { ["key"] = "a", ["operator"] = "Exists" });
        Assert.Empty(KindRules.ValidateUpdate(Pod, o, old));
        KindRules.PrepareForUpdate(Pod, o, old);
        Assert.Equal(2, o.Generation);
        o["spec"]!["hostNetwork"] = true;
        FieldError error = Assert.Single(KindRules.ValidateUpdate(Pod, o, old));
        Assert.Equal(("spec", "FieldValueForbidden"), (error.Field, error.CauseReason));
    }

    [Fact]
    public void PrepareForUpdate_Binding_LeavesTheGeneration()
    {
        JsonObject old = Made(Pod, PodJson);
        JsonObject o = Copy(old);
        o["spec"]!["nodeName"] = "n1";
        KindRules.PrepareForUpdate(Pod, o, old, "binding");
        Assert.Equal(1, o.Generation);
        Assert.Equal("n1", o.TextAt("spec", "nodeName"));
    }

    [Fact]
    public void ValidateUpdate_PodContainerAdded_IsForbidden()
    {
        JsonObject old = Made(Pod, PodJson);
        JsonObject o = Copy(old);
        JsonObject second = Copy(o["spec"]!["containers"]![0]!.AsObject());
        second["name"] = "d";
        o["spec"]!["containers"]!.AsArray().Add((JsonNode)second);
        Assert.Equal(["spec.containers: Forbidden: pod updates may not add or remove containers"], Texts(KindRules.ValidateUpdate(Pod, o, old)));
    }

    [Fact]
    public void PrepareForUpdate_ServiceWithoutAddress_KeepsWhatItGot()
    {
        JsonObject old = Made(Service, """{"metadata":{"name":"s","namespace":"n"},"spec":{"type":"NodePort","clusterIP":"10.96.0.9","clusterIPs":["10.96.0.9"],"ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","ports":[{"port":80,"nodePort":30080}]}}""");
        JsonObject o = Defaulted(Service, """{"metadata":{"name":"s","namespace":"n"},"spec":{"type":"NodePort","ports":[{"port":80},{"name":"b","port":81}]}}""");
        KindRules.PrepareForUpdate(Service, o, old);
        Assert.Equal("10.96.0.9", o.TextAt("spec", "clusterIP"));
        Assert.Equal("""["10.96.0.9"]""", o.NodeAt("spec", "clusterIPs")!.ToJsonString());
        Assert.Equal(30080, (int)o["spec"]!["ports"]![0]!["nodePort"]!);
        Assert.Null(o["spec"]!["ports"]![1]!["nodePort"]);
    }

    [Fact]
    public void ValidateUpdate_ServiceAddress_MayNotChange()
    {
        JsonObject old = Made(Service, """{"metadata":{"name":"s","namespace":"n"},"spec":{"clusterIP":"10.96.0.9","ports":[{"port":80}]}}""");
        JsonObject o = Copy(old);
        o["spec"]!["clusterIP"] = "10.96.0.10";
        o["spec"]!["clusterIPs"] = new JsonArray("10.96.0.10");
        Assert.Equal(["spec.clusterIPs[0]: Invalid value: [\"10.96.0.10\"]: may not change once set"], Texts(KindRules.ValidateUpdate(Service, o, old)));
    }

    [Fact]
    public void ValidateUpdate_FrozenConfigMap_RefusesChanges()
    {
        var kind = new GroupVersionKind("", "v1", "ConfigMap");
        JsonObject old = Made(kind, """{"metadata":{"name":"c","namespace":"n"},"immutable":true,"data":{"a":"b"}}""");
        JsonObject o = Copy(old);
        o["data"]!["a"] = "c";
        Assert.Equal(["data: Forbidden: field is immutable when `immutable` is set"], Texts(KindRules.ValidateUpdate(kind, o, old)));
        Assert.Empty(KindRules.ValidateUpdate(kind, Copy(old), old));
    }

    [Fact]
    public void PrepareForUpdate_DaemonSetTemplate_CountsTheTemplatesGenerationToo()
    {
        var kind = new GroupVersionKind("apps", "v1", "DaemonSet");
        JsonObject old = Made(kind, """{"metadata":{"name":"d","namespace":"n"},"spec":{"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}""");
        JsonObject o = Copy(old);
        o["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = "i:2";
        KindRules.PrepareForUpdate(kind, o, old);
        Assert.Equal("2", o.TextAt("metadata", "annotations", "deprecated.daemonset.template.generation"));
        Assert.Equal(2, o.Generation);
    }

    [Fact]
    public void ValidateUpdate_Metadata_IdentityAndFinalizersHold()
    {
        JsonObject old = Made(new GroupVersionKind("example.com", "v1", "Thing"), """{"metadata":{"name":"a","namespace":"n","uid":"1","deletionTimestamp":"2026-01-01T00:00:00Z","finalizers":["x.io/a"]}}""", prepare: false);
        JsonObject o = Copy(old);
        o.Metadata["uid"] = "2";
        o.Metadata["finalizers"] = new JsonArray("x.io/c", "x.io/a", "x.io/b");
        o.Metadata["ownerReferences"] = new JsonArray(new JsonObject { ["apiVersion"] = "a/b/c", ["kind"] = "Thing", ["name"] = "b", ["uid"] = "3" });
        Assert.Equal(
            ["metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"x.io/b\", \"x.io/c\"}", "metadata.uid: Invalid value: \"2\": field is immutable",
                "metadata.ownerReferences.apiVersion: Invalid value: \"a/b/c\": version must not be empty"],
            Texts(KindRules.ValidateUpdate(new GroupVersionKind("example.com", "v1", "Thing"), o, old)));
    }

    [Fact]
    public void Scales_ReadAndWrite_GoThroughTheObject()
    {
        JsonObject o = Made(Deployment, DeploymentJson);
        o["status"]!["replicas"] = 4;
        JsonObject scale = Scales.Read(Deployment, o);
        Assert.Equal("""{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"d","namespace":"n"},"spec":{"replicas":1},"status":{"replicas":4,"selector":"app=x"}}""", scale.ToJsonString());
        scale["spec"]!["replicas"] = 7;
        Scales.Write(o, scale);
        Assert.Equal(7, o.NumberAt("spec", "replicas"));
        scale["spec"]!["replicas"] = -1;
        Assert.Equal("spec.replicas", Assert.Throws<StatusException>(() => Scales.Write(o, scale)).Status.Details!.Causes.Single().Field);
    }

    [Fact]
    public void Fields_Pod_ReadFromTheObject()
    {
        KubeObject pod = KubeObject.Parse("""{"spec":{"nodeName":"n1"},"status":{"phase":"Running","podIP":"10.0.0.1"}}"""u8);
        Dictionary<string, string> fields = KindRules.Fields(Pod)!.ToDictionary(f => f.Name, f => f.Read(pod.Json));
        Assert.Equal("n1", fields["spec.nodeName"]);
        Assert.Equal("Running", fields["status.phase"]);
        Assert.Equal("10.0.0.1", fields["status.podIP"]);
        Assert.Equal("false", fields["spec.hostNetwork"]);
        Assert.Equal("", fields["spec.serviceAccountName"]);
        Assert.Null(KindRules.Fields(new GroupVersionKind("", "v1", "ConfigMap")));
    }

    private const string DeploymentJson = """{"metadata":{"name":"d","namespace":"n"},"spec":{"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"c","image":"i:1"}]}}}}""";
    private const string PodJson = """{"metadata":{"name":"p","namespace":"n"},"spec":{"containers":[{"name":"c","image":"i:1"}]}}""";

    private static JsonObject Made(GroupVersionKind kind, string json, bool prepare = true)
    {
        JsonObject o = Defaulted(kind, json);
        if (prepare)
        {
            KindRules.PrepareForCreate(kind, o);
            KindRules.Default(kind, o);
            Assert.Empty(Texts(KindRules.ValidateCreate(kind, o, isNamespaced: true)));
        }

        return o;
    }

    private static JsonObject Defaulted(GroupVersionKind kind, string json)
    {
        JsonObject o = JsonNode.Parse(json)!.AsObject();
        KindRules.Default(kind, o);
        return o;
    }

    private static JsonObject Copy(JsonObject o) => (JsonObject)o.DeepClone();

    private static string[] Texts(IReadOnlyList<FieldError> errors) => [.. errors.Select(e => e.ToString())];
}
