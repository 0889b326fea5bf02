using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Machinery.Wire;

namespace Orrery.Machinery.Tests.Wire;

public sealed class ProtobufEncoderTests
{
    public static TheoryData<string, string> Kinds => new(BuiltinTypes.Instance.Kinds.Keys
        .Where(k => !k.Kind.EndsWith("Options", StringComparison.Ordinal) && k.Kind != "WatchEvent")
        .OrderBy(k => k.ApiVersion, StringComparer.Ordinal).ThenBy(k => k.Kind, StringComparer.Ordinal)
        .Select(k => (k.ApiVersion, k.Kind)));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void EncodeWhole_EveryFieldSet_ReadsBackTheSame(string apiVersion, string kind)
    {
        for (int seed = 0; seed < 5; seed++)
        {
            JsonObject json = new KindSamples(seed).Of(GroupVersionKind.From(apiVersion, kind));

            JsonObject back = KubernetesProtobuf.ToJson(Encode(json));

            AssertSame(Set(json), Set(back));
        }
    }

    /// <summary>
    /// The bytes were compared with those that apimachinery 0.36 writes of the same JSON (its <c>serializer/protobuf</c> over the types of k8s.io/api and apiextensions-apiserver), and were
    /// the same; what stands here is the beginning of their SHA-256.
    /// </summary>
    [Theory]
    [InlineData("admissionregistration.k8s.io/v1", "358986C5BCCCD91B43EFF59EE2819337")]
    [InlineData("apiextensions.k8s.io/v1", "E29EA53FE1ED7362199282A127768635")]
    [InlineData("apps/v1", "B347615ABF1C871B5C69E5E7CA5DDB6A")]
    [InlineData("authentication.k8s.io/v1", "B5F2666DA7A04701D1059975AA736374")]
    [InlineData("authorization.k8s.io/v1", "934E45E5582CF07BE58B4C0E1A4441FA")]
    [InlineData("autoscaling/v1", "BD6AE5276C091EF8D82FA8914113219B")]
    [InlineData("autoscaling/v2", "09D27F77E1E7F674BE7C5D9F9DB71DEE")]
    [InlineData("batch/v1", "2B1115337DFDEDCAD7555BE874B49D8C")]
    [InlineData("certificates.k8s.io/v1", "3EAEE67B5CE5C7901E6C6DB993AF4543")]
    [InlineData("coordination.k8s.io/v1", "76D535B2086FFB5ED55FF1C819C63EAA")]
    [InlineData("discovery.k8s.io/v1", "795EB8CBBFACE5F91BBDC7C66520E521")]
    [InlineData("events.k8s.io/v1", "E209B2F03872D3C02A0F5F9BAB0D4981")]
    [InlineData("flowcontrol.apiserver.k8s.io/v1", "C6BC9A07FBC05CE04B4B31D804027FBB")]
    [InlineData("networking.k8s.io/v1", "D459E652C3F8BDA05975D344E12E635B")]
    [InlineData("node.k8s.io/v1", "F27B88C0D21A3614F8AE99BCED2BC2F5")]
    [InlineData("policy/v1", "8932EFBD505961871E996E2A9E408884")]
    [InlineData("rbac.authorization.k8s.io/v1", "09C455986BE8B0EEB8387F98CB3FFE75")]
    [InlineData("resource.k8s.io/v1", "0632A3A1F147E5D9CD03D9BF0D78C236")]
    [InlineData("scheduling.k8s.io/v1", "0C9BB261061B910D823207F26DD38BE1")]
    [InlineData("storage.k8s.io/v1", "865A04E6730FFCA4D7F27DEEC0792884")]
    [InlineData("v1", "1BD348CDAB6E8570DBB000F91739264C")]
    public void EncodeWhole_EveryFieldSet_HasUpstreamsBytes(string apiVersion, string hash)
    {
        using var all = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        foreach (string kind in Kinds.Where(k => k.Data.Item1 == apiVersion).Select(k => k.Data.Item2))
        {
            for (int seed = 0; seed < 3; seed++)
            {
                all.AppendData(Encode(new KindSamples(seed).Of(GroupVersionKind.From(apiVersion, kind))));
            }
        }

        Assert.StartsWith(hash, Convert.ToHexString(all.GetHashAndReset()), StringComparison.Ordinal);
    }

    /// <summary>Numbers ascend and what Go always writes is there, so that the bytes are the same whichever order the JSON has.</summary>
    [Theory]
    [InlineData("v1", "Pod")]
    [InlineData("apps/v1", "StatefulSet")]
    [InlineData("apiextensions.k8s.io/v1", "CustomResourceDefinition")]
    public void EncodeWhole_MembersInAnotherOrder_IsTheSame(string apiVersion, string kind)
    {
        JsonObject json = new KindSamples(1).Of(GroupVersionKind.From(apiVersion, kind));

        Assert.Equal(Encode(json), Encode((JsonObject)Sorted(json)!));
    }

    [Fact]
    public void EncodeWhole_ConfigMap_HasUpstreamsBytes()
    {
        byte[] meta = Message(Text(1, "a"), Text(2, ""), Text(3, "ns"), Text(4, ""), Text(5, ""), Text(6, "7"), Number(7, 0), Field(8, []), Entry(11, "app", "x"), Entry(11, "tier", "y"));
        byte[] expected =
        [
            .. "k8s\0"u8, .. Field(1, Message(Text(1, "v1"), Text(2, "ConfigMap"))),
            .. Field(2, Message(Field(1, meta), Entry(2, "A", "1"), Entry(2, "b", ""), Field(3, Message(Text(1, "bin"), Field(2, [0, 255]))), Number(4, 0))),
            .. Text(3, ""), .. Text(4, ""),
        ];

        Assert.Equal(expected, Encode("""
            {"apiVersion":"v1","kind":"ConfigMap","binaryData":{"bin":"AP8="},"immutable":false,"data":{"b":"","A":"1"},
             "metadata":{"labels":{"tier":"y","app":"x"},"resourceVersion":"7","namespace":"ns","name":"a","unknown":{"x":[1]},"creationTimestamp":null}}
            """));
    }

    /// <summary>Spec and status are values in Go, pointers are not written.</summary>
    [Fact]
    public void EncodeWhole_NothingButAName_WritesEmptyValues()
    {
        byte[] meta = Message(Text(1, "p"), Text(2, ""), Text(3, ""), Text(4, ""), Text(5, ""), Text(6, ""), Number(7, 0), Field(8, []));
        byte[] spec = Message(
            Text(3, ""), Text(6, ""), Text(8, ""), Text(9, ""), Text(10, ""), Number(11, 0), Number(12, 0), Number(13, 0), Text(16, ""), Text(17, ""), Text(19, ""), Text(24, ""));
        byte[] status = Message(Text(1, ""), Text(3, ""), Text(4, ""), Text(5, ""), Text(6, ""), Text(9, ""), Text(11, ""), Text(14, ""), Number(17, 0));
        byte[] expected =
        [
            .. "k8s\0"u8, .. Field(1, Message(Text(1, "v1"), Text(2, "Pod"))), .. Field(2, Message(Field(1, meta), Field(2, spec), Field(3, status))), .. Text(3, ""), .. Text(4, ""),
        ];

        Assert.Equal(expected, Encode("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[],"nodeSelector":{},"volumes":null}}"""));
    }

    [Fact]
    public void EncodeWhole_WellKnownTypes_HaveTheirMessages()
    {
        byte[] port = Message(Text(1, ""), Text(2, ""), Number(3, 80), Field(4, Message(Number(1, 1), Number(2, 0), Text(3, "http"))), Number(5, 0));
        byte[] bare = Message(Text(1, ""), Text(2, ""), Number(3, -1), Field(4, Message(Number(1, 0), Number(2, 0), Text(3, ""))), Number(5, 0));
        byte[] message = EncodeBare("""{"apiVersion":"v1","kind":"Service","spec":{"ports":[{"port":80,"targetPort":"http"},{"port":-1}]}}""");
        Assert.Equal([.. Field(1, port), .. Field(1, bare)], Inner(message, 2)[..(port.Length + bare.Length + 4)]);

        byte[] lease = EncodeBare("""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","spec":{"renewTime":"2023-11-14T22:13:20.123456Z","acquireTime":"1969-12-31T23:59:59.5Z"}}""");
        Assert.Equal(
            [.. Field(3, Message(Number(1, -1), Number(2, 500_000_000))), .. Field(4, Message(Number(1, 1_700_000_000), Number(2, 123_456_000)))],
            Inner(lease, 2));

        byte[] quota = EncodeBare("""{"apiVersion":"v1","kind":"ResourceQuota","spec":{"hard":{"pods":"10","cpu":"500m"}}}""");
        Assert.Equal(
            [.. Field(1, Message(Text(1, "cpu"), Field(2, Message(Text(1, "500m"))))), .. Field(1, Message(Text(1, "pods"), Field(2, Message(Text(1, "10")))))],
            Inner(quota, 2));
    }

    [Fact]
    public void Encode_Metadata_TakesNothingElse()
    {
        ProtobufKind kind = ProtobufKind.Find(new GroupVersionKind("meta.k8s.io", "v1", "PartialObjectMetadata"))!;
        using ProtobufEncoder encoder = ProtobufEncoder.Take();

        JsonObject json = KubernetesProtobuf.ToJson(encoder.EncodeWhole(kind, """{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"a","labels":{"x":"y"}},"spec":{"metadata":1}}"""u8.ToArray()));

        AssertSame(JsonNode.Parse("""{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":{"name":"a","labels":{"x":"y"}}}"""), Set(json));
    }

    /// <summary>A map of many keys in no order must not take time by their square.</summary>
    [Fact]
    public void EncodeWhole_ManyKeysInNoOrder_AreSorted()
    {
        var data = new JsonObject();
        for (int i = 100_000; i > 0; i--)
        {
            data[$"k{i:D6}"] = "v";
        }

        byte[] message = EncodeBare(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["data"] = data }.ToJsonString());

        Assert.Equal(Enumerable.Range(1, 100_000).Select(i => $"k{i:D6}"), ((JsonObject)KubernetesProtobuf.ToJson(Encode(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["data"] = data.DeepClone() }))["data"]!).Select(e => e.Key));
        Assert.True(message.Length > 1_000_000);
    }

    [Theory]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","data":["a"]}""")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","data":{"a":1}}""")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","binaryData":{"a":"%"}}""")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":7}""")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","immutable":"true"}""")]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","data":{"a":""")]
    public void EncodeWhole_OfAnotherShape_Throws(string json) => Assert.Throws<FormatException>(() => Encode(json));

    [Fact]
    public void WriteEvent_Frame_IsALengthAndAnEvent()
    {
        var output = new ArrayBufferWriter<byte>();
        ProtobufWatch.WriteEvent(output, "ADDED", new byte[300]);

        byte[] message = [.. Text(1, "ADDED"), .. Field(2, Field(1, new byte[300]))];
        Assert.Equal([0, 0, 1, (byte)(message.Length - 256), .. message], output.WrittenSpan.ToArray());
    }

    private static byte[] Encode(JsonObject json) => Encode(json.ToJsonString());

    private static byte[] Encode(string json)
    {
        using ProtobufEncoder encoder = ProtobufEncoder.Take();
        return encoder.EncodeWhole(KindOf(json), Encoding.UTF8.GetBytes(json)).ToArray();
    }

    private static byte[] EncodeBare(string json)
    {
        using ProtobufEncoder encoder = ProtobufEncoder.Take();
        return encoder.Encode(KindOf(json), Encoding.UTF8.GetBytes(json)).ToArray();
    }

    private static ProtobufKind KindOf(string json)
    {
        int at = json.IndexOf("\"apiVersion\":\"", StringComparison.Ordinal) + 14;
        int kind = json.IndexOf("\"kind\":\"", StringComparison.Ordinal) + 8;
        try
        {
            JsonObject whole = JsonNode.Parse(json)!.AsObject();
            return ProtobufKind.Find(whole.GroupVersionKind)!;
        }
        catch (System.Text.Json.JsonException)
        {
            return ProtobufKind.Find(GroupVersionKind.From(json[at..json.IndexOf('"', at)], json[kind..json.IndexOf('"', kind)]))!;
        }
    }

    private static byte[] Inner(byte[] message, int number)
    {
        var reader = new WireReader(message);
        while (reader.Next())
        {
            if (reader.Number == number)
            {
                return reader.Bytes.ToArray();
            }
        }

        return [];
    }

    /// <summary>Without what is empty: what Go always writes reads as an empty value where the object had none.</summary>
    private static JsonNode? Set(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject json:
                var members = new JsonObject();
                foreach ((string name, JsonNode? member) in json)
                {
                    if (Set(member) is { } value)
                    {
                        members[name] = value;
                    }
                }

                return members.Count > 0 ? members : null;
            case JsonArray items:
                return items.Count > 0 ? new JsonArray([.. items.Select(Set)]) : null;
            case JsonValue value:
                return value.ToJsonString() is "\"\"" or "0" or "false" ? null : value.DeepClone();
            default:
                return null;
        }
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject json => new JsonObject(json.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, m.Key is "f:a" ? m.Value?.DeepClone() : Sorted(m.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    private static void AssertSame(JsonNode? expected, JsonNode? actual) => Assert.True(JsonNode.DeepEquals(expected, actual), $"expected {expected?.ToJsonString()}\nactual   {actual?.ToJsonString()}");

    private static byte[] Message(params byte[][] fields) => [.. fields.SelectMany(f => f)];

    private static byte[] Entry(int number, string key, string value) => Field(number, Message(Text(1, key), Text(2, value)));

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
