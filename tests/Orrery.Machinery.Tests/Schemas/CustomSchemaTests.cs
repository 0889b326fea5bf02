using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Machinery.Schemas.Definitions;

namespace Orrery.Machinery.Tests.Schemas;

public sealed class CustomSchemaTests
{
    [Theory]
    [InlineData("""{"type":"string","minLength":2}""", "\"a\"", "v: Invalid value: \"a\": v in body should be at least 2 chars long")]
    [InlineData("""{"type":"string","maxLength":2}""", "\"😀😀\"", "")]
    [InlineData("""{"type":"string","pattern":"^[a-z]+$"}""", "\"a\\n\"", "v: Invalid value: \"a\\n\": v in body should match '^[a-z]+$'")]
    [InlineData("""{"type":"string","pattern":"b"}""", "\"abc\"", "")]
    [InlineData("""{"type":"string","format":"ipv4"}""", "\"1.2.3\"", "v: Invalid value: \"1.2.3\": v in body must be of type ipv4: \"1.2.3\"")]
    [InlineData("""{"type":"string","format":"ipv4"}""", "\"1.2.3.4\"", "")]
    [InlineData("""{"type":"string","format":"of-the-author"}""", "\"x\"", "")]
    [InlineData("""{"type":"number","minimum":1,"exclusiveMinimum":true}""", "1", "v: Invalid value: 1: v in body should be greater than 1")]
    [InlineData("""{"type":"number","maximum":1.5}""", "2.5", "v: Invalid value: 2.5: v in body should be less than or equal to 1.5")]
    [InlineData("""{"type":"integer","multipleOf":3}""", "7", "v: Invalid value: 7: v in body should be a multiple of 3")]
    [InlineData("""{"type":"integer"}""", "1.0", "")]
    [InlineData("""{"type":"integer"}""", "1.5", "v: Invalid value: \"number\": v in body must be of type integer: \"number\"; <nil>: Invalid value: \"\": Checked value must be of type integer (default format) in v")]
    [InlineData("""{"type":"integer","enum":[1,2]}""", "3", "v: Unsupported value: 3: supported values: \"1\", \"2\"")]
    [InlineData("""{"type":"array","items":{"type":"string"},"minItems":1}""", "[]", "v: Invalid value: 0: v in body should have at least 1 items")]
    [InlineData("""{"type":"array","items":{"type":"string"}}""", "[1]", "v[0]: Invalid value: \"integer\": v[0] in body must be of type string: \"integer\"")]
    [InlineData("""{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}}""", """["a","b","a","a","b"]""", "v[2]: Duplicate value: \"a\"; v[4]: Duplicate value: \"b\"")]
    [InlineData("""{"type":"object","additionalProperties":{"type":"string"},"maxProperties":1}""", """{"a":"","b":""}""", "v: Too many: 2: must have at most 1 item")]
    [InlineData("""{"type":"string","oneOf":[{"pattern":"a"},{"pattern":"b"}]}""", "\"ab\"", "<nil>: Invalid value: \"\": \"v\" must validate one and only one schema (oneOf). Found 2 valid alternatives")]
    [InlineData("""{"type":"string","not":{"enum":["x"]}}""", "\"x\"", "<nil>: Invalid value: \"\": \"v\" must not validate the schema (not)")]
    [InlineData("""{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}""", """{"kind":"A"}""", "v.apiVersion: Required value")]
    public void Validate_Value_GivesUpstreamsFault(string schema, string value, string fault)
    {
        Schema compiled = CustomSchema.Parse(new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["v"] = JsonNode.Parse(schema) } });
        JsonObject json = JsonBody.Parse(System.Text.Encoding.UTF8.GetBytes($$"""{"v":{{value}}}"""))!.AsObject();
        Assert.Equal(fault, string.Join("; ", SchemaValidation.Validate(json, compiled).Select(e => e.ToString())));
    }

    [Fact]
    public void Validate_UnchangedFault_IsLetPassOnUpdate()
    {
        Schema schema = Compile("""{"type":"object","properties":{"a":{"type":"string","maxLength":1},"l":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object","required":["k"],"properties":{"k":{"type":"string"},"v":{"type":"integer","maximum":1}}}}}}""");
        JsonObject old = JsonNode.Parse("""{"a":"long","l":[{"k":"x","v":9}]}""")!.AsObject();
        JsonObject moved = JsonNode.Parse("""{"a":"long","l":[{"k":"y","v":1},{"k":"x","v":9}]}""")!.AsObject();
        JsonObject changed = JsonNode.Parse("""{"a":"longer","l":[{"k":"x","v":8}]}""")!.AsObject();
        Assert.Equal(2, SchemaValidation.Validate(old, schema).Count);
        Assert.Empty(SchemaValidation.Validate(moved, schema, old));
        Assert.Equal(["a", "l[0].v"], SchemaValidation.Validate(changed, schema, old).Select(e => e.Field));
    }

    [Fact]
    public void Prune_PreservedAndEmbedded_KeepsWhatIsSpecifiedWithin()
    {
        Schema schema = Compile("""
            {"type":"object","properties":{"free":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"strict":{"type":"object","properties":{"a":{"type":"string"}}}}},
            "pod":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"spec":{"type":"object"}}},"list":{"type":"array","items":{"type":"object","properties":{"a":{"type":"string"}}}},"map":{"type":"object","additionalProperties":{"type":"object"}}}}
            """);
        JsonObject json = JsonNode.Parse("""
            {"apiVersion":"a/v1","kind":"A","metadata":{"name":"n","nope":1},"top":1,"free":{"x":{"y":1},"strict":{"a":"1","b":"2"}},"pod":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","nope":1},"spec":{"x":1},"status":{}},"list":[{"a":"1"},{"b":1}],"map":{"k":{"x":1}}}
            """)!.AsObject();
        Assert.Equal(["free.strict.b", "list[1].b", "map.k.x", "pod.spec.x", "pod.status", "top"], Pruning.Apply(json, schema));
        Assert.Equal(
            """{"apiVersion":"a/v1","kind":"A","metadata":{"name":"n"},"free":{"x":{"y":1},"strict":{"a":"1"}},"pod":{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{}},"list":[{"a":"1"},{}],"map":{"k":{}}}""",
            json.ToJsonString());
    }

    [Fact]
    public void Default_AbsentAndNull_AreFilledAsUpstreamDoes()
    {
        Schema schema = Compile("""
            {"type":"object","properties":{"spec":{"type":"object","default":{},"properties":{"zero":{"type":"integer","default":0},"text":{"type":"string","default":"d"},"nullable":{"type":"string","nullable":true,"default":"d"},"gone":{"type":"string"}}},
            "absent":{"type":"object","properties":{"x":{"type":"string","default":"never"}}},"list":{"type":"array","items":{"type":"object","properties":{"w":{"type":"integer","default":5}}}}}}
            """);
        JsonObject json = JsonNode.Parse("""{"list":[{},{"w":1}]}""")!.AsObject();
        Defaulting.Apply(json, schema);
        Assert.Equal("""{"list":[{"w":5},{"w":1}],"spec":{"zero":0,"text":"d","nullable":"d"}}""", json.ToJsonString());
        json = JsonNode.Parse("""{"spec":{"text":null,"nullable":null,"gone":null,"zero":3}}""")!.AsObject();
        Defaulting.Apply(json, schema);
        Assert.Equal("""{"spec":{"text":"d","nullable":null,"zero":3}}""", json.ToJsonString());
    }

    [Fact]
    public void Default_BuiltinType_WritesNoZeroValues()
    {
        JsonObject json = JsonNode.Parse("""{"spec":{"ports":[{"port":80}]}}""")!.AsObject();
        Defaulting.Apply(json, BuiltinTypes.Instance.Find(new GroupVersionKind("", "v1", "Service"))!);
        Assert.Equal("""{"spec":{"ports":[{"port":80,"protocol":"TCP"}]}}""", json.ToJsonString());
    }

    [Theory]
    [InlineData("""{"a":{"type":"object","properties":{"x":{"type":"string"}},"additionalProperties":{"type":"string"}}}""", "spec.validation.openAPIV3Schema.properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive")]
    [InlineData("""{"a":{"type":"array","items":{}}}""", "spec.validation.openAPIV3Schema.properties[a].items.type: Required value: must not be empty for specified array items")]
    [InlineData("""{"a":{"type":"array"}}""", "spec.validation.openAPIV3Schema.properties[a].items: Required value: must be specified")]
    [InlineData("""{"a":{"type":"string","anyOf":[{"type":"string"}]}}""", "spec.validation.openAPIV3Schema.properties[a].anyOf[0].type: Forbidden: must be empty to be structural")]
    [InlineData("""{"a":{"type":"object","default":{"x":1},"properties":{"y":{"type":"string"}}}}""", "spec.validation.openAPIV3Schema.properties[a].default: Invalid value: {\"x\":1}: must not have unknown fields")]
    [InlineData("""{"a":{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]}}""", "")]
    [InlineData("""{"a":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object","properties":{"k":{"type":"string"}}}}}""", "spec.validation.openAPIV3Schema.properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property")]
    public void ValidateCreate_Schema_MustBeStructural(string properties, string fault)
    {
        JsonObject definition = JsonNode.Parse(
            """{"metadata":{"name":"things.example.com"},"spec":{"group":"example.com","scope":"Cluster","names":{"plural":"things","kind":"Thing"},"versions":[{"name":"v1","served":true,"storage":true}]}}""")!.AsObject();
        var schema = new JsonObject { ["type"] = "object", ["properties"] = JsonNode.Parse(properties) };
        definition["spec"]!["versions"]![0]!["schema"] = new JsonObject { ["openAPIV3Schema"] = schema };
        DefinitionDefaults.Apply(definition);
        definition["status"] = DefinitionDefaults.InitialStatus(definition);
        Assert.Equal(fault, string.Join("; ", DefinitionValidation.ValidateCreate(definition).Select(e => e.ToString())));
    }

    [Theory]
    [InlineData(@"^\d+$", "١", false)]
    [InlineData(@"^\d+$", "1", true)]
    [InlineData("^[[:alpha:]_]+$", "a_b", true)]
    [InlineData("^[[a]+$", "[a", true)]
    [InlineData("(?P<n>x)$", "x\n", false)]
    [InlineData(@"^[^\s]+$", "a b", false)]
    public void IsMatch_PatternOfGo_ReadsItAsRe2Does(string pattern, string text, bool matches) => Assert.Equal(matches, Re2.IsMatch(pattern, text));

    private static Schema Compile(string schema) => CustomSchema.Parse(JsonNode.Parse(schema)!.AsObject());
}
