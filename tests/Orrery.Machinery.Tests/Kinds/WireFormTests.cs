using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Tests.Kinds;

/// <summary>What Go's encoder would make of an object: nothing is lost that says something, nothing is kept that says nothing.</summary>
public sealed class WireFormTests
{
    [Theory]
    [InlineData("v1", "ConfigMap", """{"metadata":{"name":"a","labels":{},"annotations":null},"data":{"e":"","n":null},"binaryData":{}}""", """{"metadata":{"name":"a"},"data":{"e":"","n":""}}""")]
    [InlineData("v1", "ServiceAccount", """{"metadata":{"name":"a"},"secrets":[],"imagePullSecrets":[{"name":"p"}],"automountServiceAccountToken":false}""", """{"metadata":{"name":"a"},"imagePullSecrets":[{"name":"p"}],"automountServiceAccountToken":false}""")]
    [InlineData("rbac.authorization.k8s.io/v1", "Role", """{"metadata":{"name":"a"}}""", """{"metadata":{"name":"a"},"rules":null}""")]
    [InlineData("coordination.k8s.io/v1", "Lease", """{"metadata":{"name":"a"},"spec":{"holderIdentity":"","leaseTransitions":0}}""", """{"metadata":{"name":"a"},"spec":{"holderIdentity":"","leaseTransitions":0}}""")]
    public void Default_EmptyMembers_AreLeftOutWhereGoLeavesThemOut(string apiVersion, string kind, string json, string expected) =>
        Assert.Equal(expected, Default(apiVersion, kind, json).ToJsonString());

    [Theory]
    [InlineData("\"1000m\"", "1")]
    [InlineData("0.5", "500m")]
    [InlineData("2", "2")]
    [InlineData("\"1024Mi\"", "1Gi")]
    public void Default_Amounts_BecomeCanonical(string written, string canonical)
    {
        JsonObject o = Default("v1", "Pod", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":WRITTEN}}}]}}""".Replace("WRITTEN", written, StringComparison.Ordinal));
        Assert.Equal(canonical, (string)o["spec"]!["containers"]![0]!["resources"]!["requests"]!["cpu"]!);
    }

    [Fact]
    public void Default_ZeroReplicas_IsKeptAndZeroReadySecondsIsNot()
    {
        JsonObject o = Default("apps/v1", "Deployment", """{"metadata":{"name":"d"},"spec":{"replicas":0,"minReadySeconds":0,"paused":false},"status":{"replicas":0,"conditions":[{"type":"Available","status":"True"}]}}""");
        Assert.Equal(0, o.NumberAt("spec", "replicas"));
        Assert.False(o["spec"]!.AsObject().ContainsKey("minReadySeconds"));
        Assert.False(o["spec"]!.AsObject().ContainsKey("paused"));
        Assert.Equal("""{"conditions":[{"type":"Available","status":"True","lastTransitionTime":null,"lastUpdateTime":null}]}""", Sorted(o["status"]!));
    }

    [Fact]
    public void Default_ClaimWithEmptyClass_KeepsIt() =>
        Assert.Equal("", Default("v1", "PersistentVolumeClaim", """{"metadata":{"name":"c"},"spec":{"storageClassName":"","volumeName":""}}""").TextAt("spec", "storageClassName"));

    [Theory]
    [InlineData("i", "Always")]
    [InlineData("repo:5000/i", "Always")]
    [InlineData("repo:5000/i:latest", "Always")]
    [InlineData("i:1", "IfNotPresent")]
    [InlineData("i@sha256:0123", "IfNotPresent")]
    public void Default_PullPolicy_FollowsTheTag(string image, string policy) => Assert.Equal(
        policy, (string?)Default("v1", "Pod", """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"IMAGE"}]}}""".Replace("IMAGE", image, StringComparison.Ordinal))["spec"]!["containers"]![0]!["imagePullPolicy"]);

    private static JsonObject Default(string apiVersion, string kind, string json)
    {
        JsonObject o = JsonNode.Parse(json)!.AsObject();
        KindRules.Default(GroupVersionKind.From(apiVersion, kind), o);
        return o;
    }

    /// <summary>Members of conditions in a fixed order: type and status first.</summary>
    private static string Sorted(JsonNode status) => new JsonObject
    {
        ["conditions"] = new JsonArray([.. status["conditions"]!.AsArray().Select(c => (JsonNode)new JsonObject(
            c!.AsObject().OrderBy(m => m.Key is "type" ? 0 : m.Key is "status" ? 1 : 2).ThenBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, m.Value?.DeepClone()))))]),
    }.ToJsonString();
}
