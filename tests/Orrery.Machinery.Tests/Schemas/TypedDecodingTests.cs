using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Schemas;

public sealed class TypedDecodingTests
{
    private static readonly GroupVersionKind Pod = new("", "v1", "Pod");

    [Theory]
    // nulls, unknown members and empty optional ones go; nested structs come
    [InlineData("Pod", """{"spec":{"nodeName":null,"nope":1,"volumes":[],"nodeSelector":{},"hostNetwork":false,"hostname":""}}""", """{"metadata":{},"spec":{},"status":{}}""")]
    // pointers to zero stay
    [InlineData("Pod", """{"metadata":{},"spec":{"priority":0,"hostUsers":false,"runtimeClassName":"","affinity":{}},"status":{}}""", """{"metadata":{},"spec":{"priority":0,"hostUsers":false,"runtimeClassName":"","affinity":{}},"status":{}}""")]
    // amounts in canonical text
    [InlineData("Pod", """{"metadata":{},"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":1000e-3,"memory":"1024Ki"}}}]},"status":{}}""", """{"metadata":{},"spec":{"containers":[{"name":"c","resources":{"requests":{"cpu":"1","memory":"1Mi"}}}]},"status":{}}""")]
    // times in UTC, to the second
    [InlineData("Pod", """{"metadata":{"creationTimestamp":"2026-11-21T03:04:05.678+02:00"},"spec":{},"status":{}}""", """{"metadata":{"creationTimestamp":"2026-11-21T01:04:05Z"},"spec":{},"status":{}}""")]
    [InlineData("Pod", """{"metadata":{"creationTimestamp":null,"labels":{"a":null}},"spec":{},"status":{}}""", """{"metadata":{"labels":{"a":""}},"spec":{},"status":{}}""")]
    [InlineData("Secret", """{"metadata":{},"data":{"a":"YWJj\nZGVm"}}""", """{"metadata":{},"data":{"a":"YWJjZGVm"}}""")]
    [InlineData("Service", """{"metadata":{},"spec":{"ports":[{"port":80,"targetPort":"web","nodePort":0}]},"status":{"loadBalancer":{}}}""", """{"metadata":{},"spec":{"ports":[{"port":80,"targetPort":"web"}]},"status":{"loadBalancer":{}}}""")]
    public void Apply_Value_ComesOutInItsOneForm(string kind, string given, string wanted)
    {
        JsonObject json = JsonBody.Parse(Encoding.UTF8.GetBytes(given))!.AsObject();
        var gvk = new GroupVersionKind("", "v1", kind);
        TypedDecoding.Apply(json, BuiltinTypes.Instance.Find(gvk)!, gvk);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(wanted), json), json.ToJsonString());
    }

    [Theory]
    [InlineData("""{"spec":{"priority":"high"}}""", "json: cannot unmarshal string into Go struct field PodSpec.spec.priority of type int32")]
    [InlineData("""{"spec":{"priority":1.5}}""", "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32")]
    [InlineData("""{"spec":{"priority":3000000000}}""", "json: cannot unmarshal number 3000000000 into Go struct field PodSpec.spec.priority of type int32")]
    [InlineData("""{"spec":{"containers":{}}}""", "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container")]
    [InlineData("""{"spec":{"containers":[{"name":7}]}}""", "json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string")]
    [InlineData("""{"spec":[]}""", "json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec")]
    [InlineData("""{"metadata":{"labels":{"a":true}}}""", "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string")]
    [InlineData("""{"metadata":{"creationTimestamp":"soon"}}""", "parsing time \"soon\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"soon\" as \"2006\"")]
    [InlineData("""{"spec":{"containers":[{"livenessProbe":{"httpGet":{"port":true}}}]}}""", "json: cannot unmarshal bool into Go value of type int32")]
    public void Apply_WrongType_IsRefusedInGosWords(string given, string fault)
    {
        JsonObject json = JsonNode.Parse(given)!.AsObject();
        StatusException e = Assert.Throws<StatusException>(() => TypedDecoding.Apply(json, BuiltinTypes.Instance.Find(Pod)!, Pod));
        Assert.Equal($"Pod in version \"v1\" cannot be handled as a Pod: {fault}", e.Message);
        Assert.Equal(400, e.Code);
    }

    [Fact]
    public void Apply_SchemaOfADefinition_PrunesWithinListsOfSchemasAndFlags()
    {
        var kind = new GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        JsonObject json = JsonNode.Parse("""
            {"metadata":{},"spec":{"group":"g.io","names":{"plural":"a","kind":"A"},"scope":"Cluster","versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":
            {"type":"object","nope":1,"properties":{"l":{"type":"array","items":{"type":"string","nope":1}},"m":{"type":"object","additionalProperties":{"type":"string","nope":1}},"n":{"additionalProperties":true,"default":{"any":[1]},"enum":["a",1]}}}}}]},"status":{}}
            """)!.AsObject();
        Assert.Equal(
            ["unknown field \"spec.versions[0].schema.openAPIV3Schema.nope\"", "unknown field \"spec.versions[0].schema.openAPIV3Schema.properties.l.items.nope\"", "unknown field \"spec.versions[0].schema.openAPIV3Schema.properties.m.additionalProperties.nope\""],
            StrictDecoding.Check(json, BuiltinTypes.Instance.Find(kind)!));
        TypedDecoding.Apply(json, BuiltinTypes.Instance.Find(kind)!, kind);
        Assert.Equal(
            """{"type":"object","properties":{"l":{"type":"array","items":{"type":"string"}},"m":{"type":"object","additionalProperties":{"type":"string"}},"n":{"additionalProperties":true,"default":{"any":[1]},"enum":["a",1]}}}""",
            json["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!.ToJsonString());
    }

    [Fact]
    public void Normalize_NewObject_WritesRequiredMembersOnce()
    {
        var kind = new GroupVersionKind("apps", "v1", "DaemonSet");
        Schema schema = BuiltinTypes.Instance.Find(kind)!;
        JsonObject json = JsonNode.Parse("""{"metadata":{"name":"d"},"spec":{"selector":{},"template":{}}}""")!.AsObject();
        GoShape.Normalize(json, schema);
        string once = json.ToJsonString();
        Assert.Equal("""{"currentNumberScheduled":0,"desiredNumberScheduled":0,"numberMisscheduled":0,"numberReady":0}""", Sorted(json["status"]!.AsObject()));
        Assert.Equal("""{"metadata":{},"spec":{"containers":null}}""", json["spec"]!["template"]!.ToJsonString());
        GoShape.Normalize(json, schema);
        Assert.Equal(once, json.ToJsonString());
    }

    private static string Sorted(JsonObject json) => new JsonObject(json.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone()))).ToJsonString();
}
