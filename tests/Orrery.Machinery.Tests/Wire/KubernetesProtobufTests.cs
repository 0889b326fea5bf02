using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Wire;

namespace Orrery.Machinery.Tests.Wire;

public sealed class KubernetesProtobufTests
{
    [Fact]
    public void ToJson_ConfigMap_HasMetadataAndMaps()
    {
        byte[] body = Envelope("v1", "ConfigMap",
            Field(1, Message(Text(1, "a"), Text(3, "ns"), Field(8, []), Field(11, Message(Text(1, "app"), Text(2, "x"))))),
            Field(2, Message(Text(1, "key"), Text(2, "value"))),
            Field(3, Message(Text(1, "bin"), Field(2, [0, 255]))));

        AssertJson("""
            {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"ns","creationTimestamp":null,"labels":{"app":"x"}},
             "data":{"key":"value"},"binaryData":{"bin":"AP8="}}
            """, body);
    }

    [Fact]
    public void ToJson_PodWithEmbeddedSourcesAndWellKnownTypes_StandsFlat()
    {
        byte[] container = Message(
            Text(1, "c"), Text(2, "image:1"),
            Field(6, Message(Number(3, 80))),
            Field(8, Message(Field(1, Message(Text(1, "cpu"), Field(2, Message(Text(1, "100m"))))))),
            Field(10, Message(Field(1, Message(Field(2, Message(Text(1, "/ok"), Field(2, Message(Number(1, 1), Number(2, 0), Text(3, "http"))))))), Number(2, 5))));
        byte[] volume = Message(Text(1, "v"), Field(2, Message(Field(19, Message(Field(1, Message(Text(1, "cm"))))))));
        byte[] body = Envelope("v1", "Pod", Field(2, Message(Field(1, volume), Field(2, container), Number(4, 30))));

        AssertJson("""
            {"apiVersion":"v1","kind":"Pod","spec":{
              "volumes":[{"name":"v","configMap":{"name":"cm"}}],
              "containers":[{"name":"c","image":"image:1","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"100m"}},
                "livenessProbe":{"httpGet":{"path":"/ok","port":"http"},"initialDelaySeconds":5}}],
              "terminationGracePeriodSeconds":30}}
            """, body);
    }

    [Fact]
    public void ToJson_NegativeNumbersAndTimes_AreRead()
    {
        byte[] body = Envelope("coordination.k8s.io/v1", "Lease", Field(2, Message(Number(2, -1), Field(4, Message(Number(1, 1_700_000_000), Number(2, 123_456_000))))));

        AssertJson("""
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","spec":{"leaseDurationSeconds":-1,"renewTime":"2023-11-14T22:13:20.123456Z"}}
            """, body);
    }

    [Fact]
    public void ToJson_ListsInsideAMap_AreUnwrapped()
    {
        byte[] body = Envelope("authorization.k8s.io/v1", "SubjectAccessReview",
            Field(2, Message(Text(3, "jane"), Text(4, "dev"), Text(4, "ops"), Field(5, Message(Text(1, "scopes"), Field(2, Message(Text(1, "a"), Text(1, "b"))))))));

        AssertJson("""
            {"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{"user":"jane","groups":["dev","ops"],"extra":{"scopes":["a","b"]}}}
            """, body);
    }

    /// <summary>What a typed client of the group sends with a delete.</summary>
    [Theory]
    [InlineData("v1")]
    [InlineData("apps/v1")]
    [InlineData("example.com/v1alpha1")]
    public void ToJson_DeleteOptionsOfAnyGroup_AreRead(string apiVersion) =>
        AssertJson(
            $$"""{"apiVersion":"{{apiVersion}}","kind":"DeleteOptions","gracePeriodSeconds":5,"preconditions":{"uid":"u"},"propagationPolicy":"Background"}""",
            Envelope(apiVersion, "DeleteOptions", Number(1, 5), Field(2, Message(Text(1, "u"))), Text(4, "Background")));

    [Theory]
    [InlineData("policy/v1")]
    [InlineData("policy/v1beta1")]
    public void ToJson_EvictionOfEitherVersion_IsRead(string apiVersion) =>
        AssertJson(
            $$"""{"apiVersion":"{{apiVersion}}","kind":"Eviction","metadata":{"name":"p"},"deleteOptions":{"gracePeriodSeconds":5} }""",
            Envelope(apiVersion, "Eviction", Field(1, Message(Text(1, "p"))), Field(2, Message(Number(1, 5)))));

    /// <summary>Schemas of definitions have members that no name in Go has, and types that are one of several forms in JSON.</summary>
    [Fact]
    public void ToJson_Definition_HasItsWholeSchema()
    {
        byte[] text = Message(Text(5, "string"));
        byte[] schema = Message(
            Text(3, "#/a"), Text(5, "object"), Field(8, Message(Text(1, "{\"a\":1}"))), Field(20, Message(Text(1, "1"))), Field(20, Message(Text(1, "\"b\""))),
            Field(29, Message(Text(1, "one"), Field(2, Message(Text(5, "array"), Field(24, Message(Field(1, text))), Text(41, "k"), Text(41, "l"), Text(42, "map"))))),
            Field(29, Message(Text(1, "many"), Field(2, Message(Field(24, Message(Field(2, text), Field(2, text))))))),
            Field(29, Message(Text(1, "free"), Field(2, Message(Field(30, Message(Number(1, 1))), Number(38, 1), Number(39, 1), Number(40, 1), Text(43, "atomic"))))),
            Field(29, Message(Text(1, "closed"), Field(2, Message(Field(30, Message(Number(1, 0))))))),
            Field(29, Message(Text(1, "typed"), Field(2, Message(Field(30, Message(Number(1, 1), Field(2, text))))))),
            Field(32, Message(Text(1, "d"), Field(2, Message(Text(2, "x"), Text(2, "y"))))),
            Field(44, Message(Text(1, "self.one.size() > 0"), Text(2, "none"))));
        byte[] body = Envelope("apiextensions.k8s.io/v1", "CustomResourceDefinition", Field(2, Message(Field(7, Message(Text(1, "v1"), Field(4, Message(Field(1, schema))))))));

        AssertJson("""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","spec":{"versions":[{"name":"v1","schema":{"openAPIV3Schema":{
              "$ref":"#/a","type":"object","default":{"a":1},"enum":[1,"b"],
              "properties":{
                "one":{"type":"array","items":{"type":"string"},"x-kubernetes-list-map-keys":["k","l"],"x-kubernetes-list-type":"map"},
                "many":{"items":[{"type":"string"},{"type":"string"}]},
                "free":{"additionalProperties":true,"x-kubernetes-preserve-unknown-fields":true,"x-kubernetes-embedded-resource":true,"x-kubernetes-int-or-string":true,"x-kubernetes-map-type":"atomic"},
                "closed":{"additionalProperties":false},
                "typed":{"additionalProperties":{"type":"string"}}},
              "dependencies":{"d":["x","y"]},
              "x-kubernetes-validations":[{"rule":"self.one.size() > 0","message":"none"}]}}}]}}
            """, body);
    }

    [Fact]
    public void ToJson_UnknownField_IsDropped()
    {
        AssertJson("""{"apiVersion":"v1","kind":"ConfigMap","immutable":true}""", Envelope("v1", "ConfigMap", Text(999, "new"), Number(4, 1)));
    }

    [Theory]
    [InlineData("{\"kind\":\"Pod\"}")]
    [InlineData("")]
    public void ToJson_WithoutTheMagic_IsABadRequest(string body)
    {
        StatusException fault = Assert.Throws<StatusException>(() => KubernetesProtobuf.ToJson(Encoding.UTF8.GetBytes(body)));

        Assert.Equal(400, fault.Code);
    }

    [Fact]
    public void ToJson_UnknownKind_IsABadRequestThatNamesIt()
    {
        StatusException fault = Assert.Throws<StatusException>(() => KubernetesProtobuf.ToJson(Envelope("example.com/v1", "Nope")));

        Assert.Equal(400, fault.Code);
        Assert.Contains("Nope", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>A damaged body is a bad request or some object, whatever byte was hit; never another exception.</summary>
    [Fact]
    public void ToJson_DamagedAtEveryByte_NeverEscapesWithAnotherFault()
    {
        byte[] body = Envelope("apps/v1", "Deployment",
            Field(1, Message(Text(1, "d"))),
            Field(2, Message(Number(1, 2), Field(3, Message(Field(2, Message(Field(2, Message(Text(1, "c"), Text(2, "i"))))))))));
        for (int at = 0; at < body.Length; at++)
        {
            foreach (byte value in (byte[])[0, 0x7f, 0x80, 0xff])
            {
                byte[] damaged = [.. body];
                damaged[at] = value;
                Assert.True(IsObjectOrBadRequest(damaged), $"byte {at} = {value}");
                Assert.True(IsObjectOrBadRequest(body[..at]), $"cut at {at}");
            }
        }
    }

    private static bool IsObjectOrBadRequest(byte[] body)
    {
        try
        {
            return KubernetesProtobuf.ToJson(body) is not null;
        }
        catch (StatusException fault)
        {
            return fault.Code == 400;
        }
    }

    private static void AssertJson(string expected, byte[] body)
    {
        JsonObject json = KubernetesProtobuf.ToJson(body);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), json), json.ToJsonString());
    }

    private static byte[] Envelope(string apiVersion, string kind, params byte[][] fields) =>
        [.. "k8s\0"u8, .. Field(1, Message(Text(1, apiVersion), Text(2, kind))), .. Field(2, Message(fields))];

    private static byte[] Message(params byte[][] fields) => [.. fields.SelectMany(f => f)];

    private static byte[] Text(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] bytes) => [.. Varint(((ulong)number << 3) | 2), .. Varint((ulong)bytes.Length), .. bytes];

    private static byte[] Number(int number, long value) => [.. Varint((ulong)number << 3), .. Varint((ulong)value)];

    private static IEnumerable<byte> Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            yield return (byte)(value | 0x80);
        }

        yield return (byte)value;
    }
}
