using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Crds;
using Orrery.Machinery.Cel;
using Orrery.Machinery.Schemas.Definitions;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Cel;

public sealed class RuleTests
{
    [Fact]
    public void Validate_RuleOnMember_PointsAtItWithReason()
    {
        Schema schema = Schema("""{"rule":"self.low <= self.high","message":"low is above high","reason":"FieldValueForbidden","fieldPath":".low"}""", """{"low":{"type":"integer"},"high":{"type":"integer"}}""");
        Assert.Empty(Check(schema, """{"low":1,"high":2}"""));
        Assert.Equal(["spec.low: Forbidden: low is above high"], Check(schema, """{"low":3,"high":2}"""));
    }

    [Fact]
    public void Validate_NoMessage_NamesTheRule() =>
        Assert.Equal(["spec: Invalid value: failed rule: self.a > 1"], Check(Schema("""{"rule":"self.a > 1"}""", """{"a":{"type":"integer"}}"""), """{"a":1}"""));

    [Fact]
    public void Validate_MessageExpression_IsSaid() =>
        Assert.Equal(["spec: Invalid value: a is 1"], Check(Schema("""{"rule":"self.a > 1","messageExpression":"'a is ' + string(self.a)"}""", """{"a":{"type":"integer"}}"""), """{"a":1}"""));

    [Fact]
    public void Validate_TransitionRule_RunsOnUpdatesOnly()
    {
        Schema schema = Schema("""{"rule":"self.a >= oldSelf.a","message":"a never falls"}""", """{"a":{"type":"integer"}}""");
        Assert.Empty(Check(schema, """{"a":1}"""));
        Assert.Equal(["spec: Invalid value: a never falls"], Check(schema, """{"a":1}""", """{"a":2}"""));
    }

    [Fact]
    public void Validate_OptionalOldSelf_RunsOnCreateToo()
    {
        Schema schema = Schema("""{"rule":"oldSelf.hasValue() || self.a == 1","message":"begins at 1","optionalOldSelf":true}""", """{"a":{"type":"integer"}}""");
        Assert.Equal(["spec: Invalid value: begins at 1"], Check(schema, """{"a":2}"""));
        Assert.Empty(Check(schema, """{"a":2}""", """{"a":1}"""));
    }

    [Fact]
    public void Validate_UnchangedFault_IsLetPass()
    {
        Schema schema = Schema("""{"rule":"self.a > 1"}""", """{"a":{"type":"integer"}}""");
        Assert.Empty(Check(schema, """{"a":1}""", """{"a":1}"""));
        Assert.Single(Check(schema, """{"a":0}""", """{"a":1}"""));
    }

    /// <summary>Items that cannot be told apart are let pass with the list that they are in, and that with whatever is around it.</summary>
    [Theory]
    [InlineData("atomic")]
    [InlineData("set")]
    public void Validate_FaultInAListThatIsAsItWas_IsLetPass(string listType)
    {
        Schema schema = Schema("""{"rule":"true"}""", """{"x":{"type":"string"},"l":{"type":"array","x-kubernetes-list-type":"LIST","items":{"type":"integer","x-kubernetes-validations":[{"rule":"self % 2 == 1","message":"must be odd"}]}}}""".Replace("LIST", listType, StringComparison.Ordinal));
        Assert.Equal(["spec.l[1]: Invalid value: 2: must be odd"], Check(schema, """{"l":[1,2]}"""));
        Assert.Empty(Check(schema, """{"x":"new","l":[1,2]}""", """{"x":"old","l":[1,2]}"""));
        Assert.Equal(["spec.l[1]: Invalid value: 2: must be odd"], Check(schema, """{"l":[1,2,3]}""", """{"l":[1,2]}"""));
    }

    [Fact]
    public void Validate_NullThatIsAllowed_IsNotThere()
    {
        Schema schema = Schema("""{"rule":"!has(self.a) && !self.?a.hasValue() && self.m.all(k, self.m[k] == null)"}""", """{"a":{"type":"integer","nullable":true},"m":{"type":"object","additionalProperties":{"nullable":true,"x-kubernetes-int-or-string":true}}}""");
        Assert.Empty(Check(schema, """{"a":null,"m":{"k":null}}"""));
    }

    [Fact]
    public void Validate_ReservedWordBehindADot_NeedsNoEscape() =>
        Assert.Empty(Check(Schema("""{"rule":"self.namespace == 'n' && self.__namespace__ == 'n' && has(self.if) && !has(self.for)"}""", """{"namespace":{"type":"string"},"if":{"type":"string"},"for":{"type":"string"}}"""), """{"namespace":"n","if":"x"}"""));

    [Fact]
    public void Validate_EscapedNames_AreFound() =>
        Assert.Empty(Check(Schema("""{"rule":"self.a__dash__b == 1 && self.__in__ == 2 && self.c__dot__d == 3"}""", """{"a-b":{"type":"integer"},"in":{"type":"integer"},"c.d":{"type":"integer"}}"""), """{"a-b":1,"in":2,"c.d":3}"""));

    [Fact]
    public void Validate_ListThatIsASet_IsEqualInAnyOrder()
    {
        Schema schema = Schema("""{"rule":"self.s == oldSelf.s","message":"s is fixed"}""", """{"x":{"type":"string"},"s":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}}}""");
        Assert.Empty(Check(schema, """{"x":"new","s":["a","b"]}""", """{"s":["b","a"]}"""));
        Assert.Single(Check(schema, """{"s":["a","c"]}""", """{"s":["b","a"]}"""));
    }

    [Fact]
    public void Validate_EqualityOfObjects_CountsWhatNoSchemaNames()
    {
        Schema schema = Schema("""{"rule":"self == oldSelf","message":"fixed"}""", """{"x":{"type":"string"},"any":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"a":{"type":"string"}}}}""");
        Assert.Empty(Check(schema, """{"x":"s","any":{"a":"1","b":{"c":[1,2]}}}""", """{"any":{"b":{"c":[1,2]},"a":"1"},"x":"s"}"""));
        Assert.Single(Check(schema, """{"any":{"a":"1","b":{"c":[1,3]}}}""", """{"any":{"a":"1","b":{"c":[1,2]}}}"""));
        Assert.Single(Check(schema, """{"any":{"a":"1","b":1}}""", """{"any":{"a":"1","c":1}}"""));
    }

    [Fact]
    public void Validate_ExpensiveRule_IsStopped()
    {
        Schema schema = Schema("""{"rule":"self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))"}""", """{"l":{"type":"array","items":{"type":"integer"}}}""");
        string list = string.Join(",", Enumerable.Range(0, 500));
        Assert.Equal(["spec: Invalid value: \"object\": 'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: self.l.all(a, self.l.all(b, self.l.all(c, a + b + c >= 0)))"], Check(schema, $$"""{"l":[{{list}}]}"""));
    }

    [Theory]
    [InlineData("a - 1", "cel expression must evaluate to a bool")]
    [InlineData("self.a == 'x'", "compilation failed: ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, string)'\n | self.a == 'x'\n | .......^")]
    public void ValidateCreate_RuleThatCannotRun_IsRefused(string rule, string fault)
    {
        JsonObject schema = Source(new JsonObject { ["rule"] = rule.Replace("a - 1", "self.a - 1", StringComparison.Ordinal) }.ToJsonString(), """{"a":{"type":"integer"}}""");
        FieldError error = Assert.Single(StructuralSchemaValidation.Validate(schema, "s"));
        Assert.Equal(("s.properties[spec].x-kubernetes-validations[0].rule", fault), (error.Field, error.Detail));
    }

    [Fact]
    public void ValidateCreate_TransitionInPlainList_IsRefused()
    {
        JsonObject schema = Source("""{"rule":"true"}""", """{"l":{"type":"array","maxItems":8,"items":{"type":"string","maxLength":8,"x-kubernetes-validations":[{"rule":"self == oldSelf"}]}}}""");
        FieldError error = Assert.Single(StructuralSchemaValidation.Validate(schema, "s"));
        Assert.Equal("oldSelf cannot be used on the uncorrelatable portion of the schema within s.properties[spec].properties[l]", error.Detail);
    }

    [Fact]
    public void Validate_DataPlaneWithoutTenants_IsRefusedByOurOwnRule()
    {
        JsonObject definition = OrreryCrds.All.Select(c => YamlJson.Parse(c.Yaml)!.AsObject()).Single(d => (string)d["spec"]!["names"]!["kind"]! == "DataPlane");
        Schema schema = CustomSchema.Parse(definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!.AsObject());
        JsonObject json = JsonNode.Parse("""{"apiVersion":"orrery.dev/v1alpha1","kind":"DataPlane","metadata":{"name":"x"},"spec":{"access":"Dedicated"}}""")!.AsObject();
        Assert.Equal(["spec: Invalid value: a Dedicated or Private data plane must name its tenants"], SchemaValidation.Validate(json, schema).Select(e => e.ToString()));
        json["spec"]!["tenants"] = new JsonArray("acme");
        Assert.Empty(SchemaValidation.Validate(json, schema));
    }

    private static JsonObject Source(string rule, string properties) =>
        JsonNode.Parse($$$"""{"type":"object","properties":{"spec":{"type":"object","x-kubernetes-validations":[{{{rule}}}],"properties":{{{properties}}} } } }""")!.AsObject();

    private static Schema Schema(string rule, string properties) => CustomSchema.Parse(Source(rule, properties));

    private static IEnumerable<string> Check(Schema schema, string spec, string? old = null) =>
        SchemaValidation.Validate(Whole(spec), schema, old is null ? null : Whole(old)).Select(e => e.ToString());

    private static JsonObject Whole(string spec) => JsonNode.Parse($$"""{"metadata":{"name":"a"},"spec":{{spec}} }""")!.AsObject();
}
