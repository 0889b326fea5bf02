using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Tests.Kinds;

/// <summary>Rules of pods and quotas that no recording has, with upstream's texts.</summary>
public sealed class PodRuleTests
{
    private static readonly GroupVersionKind Pod = new("", "v1", "Pod");
    private static readonly GroupVersionKind Quota = new("", "v1", "ResourceQuota");
    private static readonly GroupVersionKind PriorityClass = new("scheduling.k8s.io", "v1", "PriorityClass");

    [Theory]
    [InlineData("""{"allowPrivilegeEscalation":false,"privileged":true}""", "spec.containers[0].securityContext", "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")]
    [InlineData("""{"runAsUser":-1}""", "spec.containers[0].securityContext.runAsUser", "must be between 0 and 2147483647, inclusive")]
    [InlineData("""{"procMount":"Unmasked"}""", "spec.containers[0].securityContext.procMount", "`hostUsers` must be false to use `Unmasked`")]
    [InlineData("""{"seccompProfile":{"type":"Localhost"}}""", "spec.containers[0].securityContext.seccompProfile.localhostProfile", "must be set when seccomp type is Localhost")]
    [InlineData("""{"seccompProfile":{"type":"Strange"}}""", "spec.containers[0].securityContext.seccompProfile.type", "supported values: \"Localhost\", \"RuntimeDefault\", \"Unconfined\"")]
    public void ValidateCreate_SecurityContext_NamesTheField(string context, string field, string detail)
    {
        IReadOnlyList<FieldError> errors = Errors(Pod, $$$"""{"metadata":{"name":"p","namespace":"n"},"spec":{"containers":[{"name":"c","image":"i","securityContext":{{{context}}} }]}}""");

        Assert.Equal((field, detail), (Assert.Single(errors).Field, errors[0].Detail));
    }

    [Fact]
    public void ValidateCreate_HostPortTakenTwice_IsADuplicate()
    {
        IReadOnlyList<FieldError> errors = Errors(Pod, """
            {"metadata":{"name":"p","namespace":"n"},"spec":{"containers":[
             {"name":"a","image":"i","ports":[{"containerPort":80,"hostPort":8080}]},{"name":"b","image":"i","ports":[{"containerPort":81,"hostPort":8080}]}]}}
            """);

        Assert.Equal("spec.containers[1].ports[0].hostPort: Duplicate value: \"TCP//8080\"", Assert.Single(errors).ToString());
    }

    [Fact]
    public void ValidateCreate_InitContainerWithAProbe_IsForbiddenUnlessItStays()
    {
        const string Template = """
            {"metadata":{"name":"p","namespace":"n"},"spec":{"initContainers":[{"name":"i","image":"i","readinessProbe":{"tcpSocket":{"port":80}} MORE}],"containers":[{"name":"c","image":"i"}]}}
            """;

        IReadOnlyList<FieldError> waits = Errors(Pod, Template.Replace("MORE", "", StringComparison.Ordinal));
        IReadOnlyList<FieldError> stays = Errors(Pod, Template.Replace("MORE", ""","restartPolicy":"Always" """, StringComparison.Ordinal));

        Assert.Equal("spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always", Assert.Single(waits).ToString());
        Assert.Empty(stays);
    }

    [Theory]
    [InlineData("""{"hard":{"pods":"1"},"scopes":["Terminating","NotTerminating"]}""", "spec.scopes", "conflicting scopes")]
    [InlineData("""{"hard":{"services":"1"},"scopes":["BestEffort"]}""", "spec.scopes", "unsupported scope applied to resource")]
    [InlineData("""{"hard":{"pods":"1"},"scopeSelector":{"matchExpressions":[{"scopeName":"PriorityClass","operator":"In"}]}}""", "spec.scopeSelector.matchExpressions.values", "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector")]
    public void ValidateCreate_QuotaScopes_FitTheirLimits(string spec, string field, string detail)
    {
        IReadOnlyList<FieldError> errors = Errors(Quota, $$$"""{"metadata":{"name":"q","namespace":"n"},"spec":{{{spec}}} }""");

        Assert.Equal((field, detail), (Assert.Single(errors).Field, errors[0].Detail));
    }

    [Fact]
    public void ValidateCreate_PriorityClassOfTheSystem_IsReserved()
    {
        IReadOnlyList<FieldError> errors = Errors(PriorityClass, """{"metadata":{"name":"system-mine"},"value":1}""");

        Assert.Equal(
            "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class", Assert.Single(errors).ToString());
    }

    private static IReadOnlyList<FieldError> Errors(GroupVersionKind kind, string text)
    {
        JsonObject json = JsonNode.Parse(text)!.AsObject();
        json["apiVersion"] = kind.ApiVersion;
        json["kind"] = kind.Kind;
        KindRules.Default(kind, json);
        return KindRules.ValidateCreate(kind, json, json.Namespace.Length > 0);
    }
}
