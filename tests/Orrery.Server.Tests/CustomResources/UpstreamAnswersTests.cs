using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Testing;

namespace Orrery.Server.Tests.CustomResources;

/// <summary>Answers to bad custom resources, each as apiextensions-apiserver 1.36 gives it to the same request.</summary>
public sealed class UpstreamAnswersTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Definition = """
        {"metadata":{"name":"odds.answers.example.com"},"spec":{"group":"answers.example.com","scope":"Cluster","names":{"plural":"odds","kind":"Odd"},
         "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","maxProperties":5,"properties":{
          "i":{"x-kubernetes-int-or-string":true,"x-kubernetes-validations":[{"rule":"self > 3"}]},
          "l":{"type":"array","maxItems":1,"items":{"type":"integer","format":"int32"},"x-kubernetes-validations":[{"rule":"self[0] == 5 || self[2] == 5"}]},
          "z":{"type":"integer","x-kubernetes-validations":[{"rule":"10 / self > 1","message":"div"}]},
          "s":{"type":"string","maxLength":2,"pattern":"b"},
          "e":{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}}}}}]}}
        """;

    [Theory]
    [InlineData(""" "i":"x" """, "i: Invalid value: \"\": 'no such overload': call arguments did not match a supported operator, function or macro signature for rule: self > 3")]
    [InlineData(""" "l":[1] """, "l: Invalid value: \"array\": index out of bounds: 2 evaluating rule: self[0] == 5 || self[2] == 5")]
    [InlineData(""" "z":0 """, "z: Invalid value: \"integer\": division by zero evaluating rule: div")]
    [InlineData(""" "s":"aaa" """, "s: Too long: may not be more than 2 bytes, <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation")]
    [InlineData(""" "l":[5,5] """, "l: Too many: 2: must have at most 1 item, <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation")]
    [InlineData(""" "l":[2147483648] """, "<nil>: Invalid value: \"\": Checked value must be of type integer with format int32 in l[0]")]
    [InlineData(""" "e":{"apiVersion":"v1","kind":"A b"} """, "e.kind: Invalid value: \"A b\": may have mixed case")]
    [InlineData(""" "e":{"apiVersion":"v1","kind":"A","metadata":{"labels":{"a":1}}} """, "e.metadata: Invalid value: {\"labels\":{\"a\":1}}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string")]
    public async Task Create_ABadObject_IsRefusedInUpstreamsWords(string members, string fault)
    {
        using var http = new RawHttp(fixture.Server);
        await DefineAsync(http);

        using HttpResponseMessage answer = await http.SendAsync(
            HttpMethod.Post, "/apis/answers.example.com/v1/odds?dryRun=All", $$$"""{"apiVersion":"answers.example.com/v1","kind":"Odd","metadata":{"name":"a"},{{{members}}}}""");
        JsonObject status = await RawHttp.JsonAsync(answer);

        Assert.Contains(fault, (string)status["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_ASubresourceThatIsNotEnabled_IsAnObjectThatIsNotFound()
    {
        using var http = new RawHttp(fixture.Server);
        await DefineAsync(http);

        JsonObject status = await RawHttp.JsonAsync(await http.SendAsync(HttpMethod.Get, "/apis/answers.example.com/v1/odds/a/scale"));

        Assert.Equal("odds.answers.example.com \"a\" not found", (string?)status["message"]);
    }

    [Theory]
    [InlineData("""{"type":"string","default":"xy","x-kubernetes-validations":[{"rule":"self.size() < 2","message":"too long"}]}""", "properties[a].default: Invalid value: \"xy\": too long")]
    [InlineData("""{"type":"object","default":{},"x-kubernetes-validations":[{"rule":"has(self.b)"}]}""",
        "properties[a].default: Invalid value: \"object\": rule compile error: compilation failed: ERROR: <input>:1:4: undefined field 'b'\n | has(self.b)\n | ...^")]
    [InlineData("""{"x-kubernetes-preserve-unknown-fields":true,"x-kubernetes-validations":[{"rule":"true"}]}""",
        "properties[a].x-kubernetes-validations: Internal error: internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations")]
    [InlineData("""{"type":"string","x-kubernetes-validations":[{"rule":"self == 'a'","optionalOldSelf":true}]}""",
        "properties[a].x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule")]
    public async Task Define_ASchemaThatCannotHold_IsRefusedInUpstreamsWords(string schema, string fault)
    {
        using var http = new RawHttp(fixture.Server);
        string definition = $$$$$$$$"""
            {"metadata":{"name":"bads.answers.example.com"},"spec":{"group":"answers.example.com","scope":"Cluster","names":{"plural":"bads","kind":"Bad"},
             "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"a":{{{{{{{{schema}}}}}}}}}}}}]}}
            """;

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Post, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All", definition);
        JsonObject status = await RawHttp.JsonAsync(answer);

        Assert.Equal(422, (int)answer.StatusCode);
        Assert.EndsWith(fault, (string)status["message"]!, StringComparison.Ordinal);
    }

    private static async Task DefineAsync(RawHttp http)
    {
        using HttpResponseMessage made = await http.SendAsync(HttpMethod.Post, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Definition);
        Assert.True((int)made.StatusCode is 201 or 409, made.StatusCode.ToString());
        await Eventually.TrueAsync(
            async () =>
            {
                using HttpResponseMessage served = await http.SendAsync(HttpMethod.Get, "/apis/answers.example.com/v1/odds");
                return (int)served.StatusCode == 200;
            },
            "it is served", cancellationToken: ServerFixture.Token);
    }
}
