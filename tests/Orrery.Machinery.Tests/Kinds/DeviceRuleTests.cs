using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Tests.Kinds;

public sealed class DeviceRuleTests
{
    private const string Group = "resource.k8s.io";

    [Fact]
    public void Default_AClaimThatSaysLittle_AsksForOneDevice()
    {
        JsonObject claim = Make("""{"devices":{"requests":[{"name":"a","exactly":{"deviceClassName":"gpu","tolerations":[{"key":"x","value":"y"}]}},{"name":"b","firstAvailable":[{"name":"c","deviceClassName":"gpu","allocationMode":"All"}]}]}}""");

        KindRules.Default(new GroupVersionKind(Group, "v1", "ResourceClaim"), claim);

        Assert.Equal(
            """[{"name":"a","exactly":{"deviceClassName":"gpu","tolerations":[{"key":"x","value":"y","operator":"Equal"}],"allocationMode":"ExactCount","count":1}},{"name":"b","firstAvailable":[{"name":"c","deviceClassName":"gpu","allocationMode":"All"}]}]""",
            claim["spec"]!["devices"]!["requests"]!.ToJsonString());
    }

    [Theory]
    [InlineData("ResourceClaim", """{"devices":{"requests":[{"name":"a"}]}}""", "spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required")]
    [InlineData("ResourceClaim", """{"devices":{"requests":[{"name":"a","exactly":{"deviceClassName":"g","count":-1}}]}}""", "spec.devices.requests[0].exactly.count: Invalid value: -1: must be greater than zero")]
    [InlineData("ResourceClaim", """{"devices":{"requests":[{"name":"a","exactly":{"deviceClassName":"g","allocationMode":"All","count":2}}]}}""", "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'")]
    [InlineData("ResourceClaim", """{"devices":{"requests":[{"name":"a","exactly":{"deviceClassName":"g"}},{"name":"a","exactly":{"deviceClassName":"g"}}]}}""", "spec.devices.requests[1].name: Duplicate value: \"a\"")]
    [InlineData("ResourceClaim", """{"devices":{"constraints":[{"requests":["x"],"matchAttribute":"example.com/numa"}]}}""", "spec.devices.constraints[0].requests[0]: Invalid value: \"x\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'")]
    [InlineData("ResourceClaim", """{"devices":{"constraints":[{"matchAttribute":"numa"}]}}""", "spec.devices.constraints[0].matchAttribute: Invalid value: \"numa\": must include a domain")]
    [InlineData("DeviceClass", """{"config":[{"opaque":{"driver":"x.example.com"}}]}""", "spec.config[0].opaque.parameters: Required value")]
    [InlineData("ResourceSlice", """{"driver":"x.example.com","pool":{"name":"p","resourceSliceCount":1}}""", "spec: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required")]
    [InlineData("ResourceSlice", """{"driver":"x.example.com","nodeName":"n","pool":{"name":"p","resourceSliceCount":1},"devices":[{"name":"d","attributes":{"a":{"int":1,"bool":true}}}]}""", "spec.devices[0].attributes[a]: Invalid value: {\"int\":1,\"bool\":true}: exactly one value must be specified")]
    public void ValidateCreate_AFaultySpec_NamesTheField(string kind, string spec, string fault)
    {
        var gvk = new GroupVersionKind(Group, "v1", kind);
        JsonObject o = Make(spec);
        KindRules.Default(gvk, o);

        Assert.Equal([fault], KindRules.ValidateCreate(gvk, o, isNamespaced: false).Select(e => e.ToString()));
    }

    [Fact]
    public void ValidateUpdate_AClaimsSpec_MayNotChange()
    {
        var gvk = new GroupVersionKind(Group, "v1", "ResourceClaim");
        JsonObject old = Make("""{"devices":{"requests":[{"name":"a","exactly":{"deviceClassName":"g","allocationMode":"ExactCount","count":1}}]}}""");
        JsonObject changed = Make("""{"devices":{"requests":[{"name":"b","exactly":{"deviceClassName":"g","allocationMode":"ExactCount","count":1}}]}}""");

        FieldError fault = Assert.Single(KindRules.ValidateUpdate(gvk, changed, old));

        Assert.Equal("spec", fault.Field);
        Assert.Equal("field is immutable", fault.Detail);
    }

    private static JsonObject Make(string spec) => new() { ["metadata"] = new JsonObject { ["name"] = "x" }, ["spec"] = JsonNode.Parse(spec) };
}
