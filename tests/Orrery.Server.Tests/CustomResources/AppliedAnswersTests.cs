using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Tests.Admission;

namespace Orrery.Server.Tests.CustomResources;

/// <summary>What becomes of applied custom resources and of their scale, as apiextensions-apiserver 1.36 has it.</summary>
public sealed class AppliedAnswersTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Apply = "application/apply-patch+yaml", Merge = "application/merge-patch+json";

    [Theory]
    [InlineData(""" {"s":null} """, "spec.s: Invalid value: \"null\": spec.s in body must be of type string: \"null\"")]
    [InlineData(""" {"o":null} """, "spec.o: Invalid value: \"null\": spec.o in body must be of type object: \"null\"")]
    [InlineData(""" {"l":[{"k":"1","v":null}]} """, "spec.l[0].v: Invalid value: \"null\": spec.l[0].v in body must be of type string: \"null\"")]
    public async Task Apply_ANullThatMayNotBe_IsRefused(string spec, string fault)
    {
        string path = await DefineAsync();

        (int code, JsonObject status) = await SendAsync(HttpMethod.Patch, $"{path}/a?fieldManager=m", Object(spec), Apply);

        Assert.Equal((422, $"Gadget.applied.example.com \"a\" is invalid: {fault}"), (code, status.TextAt("message")));
    }

    [Fact]
    public async Task Apply_ANullThatHasADefaultOrMayBe_IsTaken()
    {
        string path = await DefineAsync();

        (int code, JsonObject made) = await SendAsync(HttpMethod.Patch, $"{path}/a?fieldManager=m", Object(""" {"d":null,"n":null} """), Apply);

        Assert.Equal((201, """{"d":"x","n":null}"""), (code, made["spec"]!.ToJsonString()));
    }

    [Fact]
    public async Task Apply_ThatGivesUpAll_LeavesWhatItStillNamesAndWhatNobodyOwns()
    {
        string path = await DefineAsync();
        await SendAsync(HttpMethod.Patch, $"{path}/a?fieldManager=one", Object(""" {"s":"a"} """), Apply);
        await SendAsync(HttpMethod.Patch, $"{path}/a?fieldManager=two", Object(""" {"o":{"a":"b"}} """), Apply);
        await SendAsync(HttpMethod.Patch, $"{path}/a?fieldManager=one", Object("{}"), Apply);

        (int code, JsonObject left) = await SendAsync(HttpMethod.Patch, $"{path}/a?fieldManager=two", Object("{}"), Apply);

        Assert.Equal((200, """{"d":"x"}"""), (code, left["spec"]!.ToJsonString()));
        Assert.Equal(
            ["""one {"f:spec":{}}""", """two {"f:spec":{}}"""],
            left["metadata"]!["managedFields"]!.AsArray().Select(f => $"{f!["manager"]} {f["fieldsV1"]!.ToJsonString()}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Apply_OfAMemberThatHasNothingLeft_JudgesItAsNull()
    {
        string path = await DefineAsync();
        await SendAsync(HttpMethod.Patch, $"{path}/a?fieldManager=one", Object(""" {"u":{"a":{"b":1}}} """), Apply);

        (int inside, JsonObject kept) = await SendAsync(HttpMethod.Patch, $"{path}/a?fieldManager=one", Object(""" {"u":{"a":{}}} """), Apply);
        await SendAsync(HttpMethod.Patch, $"{path}/b?fieldManager=one", Object(""" {"u":{"a":1}} """, "b"), Apply);
        (int outside, JsonObject status) = await SendAsync(HttpMethod.Patch, $"{path}/b?fieldManager=one", Object(""" {"u":{}} """, "b"), Apply);

        Assert.Equal((200, """{"a":null}"""), (inside, kept["spec"]!["u"]!.ToJsonString()));
        Assert.Equal((422, "Gadget.applied.example.com \"b\" is invalid: spec.u: Invalid value: \"null\": spec.u in body must be of type object: \"null\""), (outside, status.TextAt("message")));
    }

    [Fact]
    public async Task PatchOfScale_IsReadAsAScale()
    {
        string path = await DefineAsync();
        await SendAsync(HttpMethod.Post, path, Object(""" {"r":2} """), "application/json");

        (int wrong, JsonObject status) = await SendAsync(HttpMethod.Patch, $"{path}/a/scale", AdmissionWorld.Json("""{"spec":{"replicas":"x"}}"""), Merge);
        (int strict, _) = await SendAsync(HttpMethod.Patch, $"{path}/a/scale?fieldValidation=Strict", AdmissionWorld.Json("""{"spec":{"replicas":3,"more":1}}"""), Merge);
        (int negative, JsonObject below) = await SendAsync(HttpMethod.Patch, $"{path}/a/scale", AdmissionWorld.Json("""{"spec":{"replicas":-1}}"""), Merge);
        (int code, _, string[] warnings) = await AdmissionWorld.SendAsync(fixture.Server, HttpMethod.Patch, $"{path}/a/scale?fieldValidation=Warn", AdmissionWorld.Json("""{"spec":{"replicas":4,"more":1}}"""), contentType: Merge);
        (_, JsonObject now) = await SendAsync(HttpMethod.Get, $"{path}/a/scale", null, Merge);

        Assert.Equal(422, wrong);
        Assert.EndsWith("json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of type int32", status.TextAt("message"), StringComparison.Ordinal);
        Assert.Equal((422, 422, "Gadget.applied.example.com \"a\" is invalid: .spec.r: Invalid value: -1: should be a non-negative integer"), (strict, negative, below.TextAt("message")));
        Assert.Equal((200, "unknown field \"spec.more\""), (code, Assert.Single(warnings)));
        Assert.Equal(4, now.NumberAt("spec", "replicas"));
    }

    private static JsonObject Object(string spec, string name = "a") =>
        AdmissionWorld.Json($$$"""{"apiVersion":"applied.example.com/v1","kind":"Gadget","metadata":{"name":"{{{name}}}"},"spec":{{{spec}}} }""");

    private async Task<(int Code, JsonObject Body)> SendAsync(HttpMethod method, string path, JsonObject? body, string contentType)
    {
        (int code, JsonObject answer, _) = await AdmissionWorld.SendAsync(fixture.Server, method, path, body, contentType: contentType);
        return (code, answer);
    }

    /// <returns>Path of the resource in a namespace of the test's own.</returns>
    private async Task<string> DefineAsync()
    {
        // Each test but the first is told that it is there already.
        await AdmissionWorld.SendAsync(fixture.Server, HttpMethod.Post, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", AdmissionWorld.Json("""
            {"metadata":{"name":"gadgets.applied.example.com"},"spec":{"group":"applied.example.com","scope":"Namespaced","names":{"plural":"gadgets","kind":"Gadget"},
             "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"scale":{"specReplicasPath":".spec.r","statusReplicasPath":".status.replicas"}},
              "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{
               "s":{"type":"string"},"n":{"type":"string","nullable":true},"d":{"type":"string","default":"x"},"r":{"type":"integer"},
               "o":{"type":"object","properties":{"a":{"type":"string"}}},"u":{"type":"object","x-kubernetes-preserve-unknown-fields":true},
               "l":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object","required":["k"],"properties":{"k":{"type":"string"},"v":{"type":"string"}}}}}}}}}}]}}
            """));

        return $"/apis/applied.example.com/v1/namespaces/{await fixture.NamespaceAsync()}/gadgets";
    }
}
