using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

/// <summary>Short ways to write admission policies. Each is bound to one namespace, so that tests on one server do not meet.</summary>
internal static class PolicyWorld
{
    public static readonly GroupVersionResource Policies = new("admissionregistration.k8s.io", "v1", "validatingadmissionpolicies");
    public static readonly GroupVersionResource Bindings = new("admissionregistration.k8s.io", "v1", "validatingadmissionpolicybindings");
    public static readonly GroupVersionResource Mutating = new("admissionregistration.k8s.io", "v1", "mutatingadmissionpolicies");
    public static readonly GroupVersionResource MutatingBindings = new("admissionregistration.k8s.io", "v1", "mutatingadmissionpolicybindings");

    public const string ConfigMapRule = """{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE","UPDATE"],"resources":["configmaps"]}""";

    /// <param name="work">Members of the spec that say what the policy does.</param>
    public static JsonObject Policy(string name, string work, string rule = ConfigMapRule) =>
        Json($$"""{"metadata":{"name":"{{name}}"},"spec":{"matchConstraints":{"resourceRules":[{{rule}}]},{{work}} } }""");

    /// <param name="ns">Null binds to everything.</param>
    /// <param name="more">Further members of the spec, each with a comma before it.</param>
    public static JsonObject Binding(string name, string policy, string? ns, string actions = """["Deny"]""", string more = "")
    {
        string resources = ns is null ? "{}" : $$"""{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"{{ns}}"} } }""";
        return Json($$"""{"metadata":{"name":"{{name}}"},"spec":{"policyName":"{{policy}}","validationActions":{{actions}},"matchResources":{{resources}} {{more}} } }""");
    }

    /// <summary>A policy and its binding, both named as the namespace they are bound to.</summary>
    public static async Task BindAsync(KubeClient client, string ns, string work, string rule = ConfigMapRule, string actions = """["Deny"]""", string more = "")
    {
        await client.CreateAsync(Policies, "", Policy(ns, work, rule), ServerFixture.Token);
        await client.CreateAsync(Bindings, "", Binding(ns, ns, ns, actions, more), ServerFixture.Token);
    }

    /// <summary>A mutating policy and its binding, both named as given and bound to a namespace.</summary>
    public static async Task BindMutationAsync(KubeClient client, string name, string ns, string work, string rule = ConfigMapRule)
    {
        await client.CreateAsync(Mutating, "", Policy(name, work, rule), ServerFixture.Token);
        JsonObject binding = Binding(name, name, ns);
        ((JsonObject)binding["spec"]!).Remove("validationActions");
        await client.CreateAsync(MutatingBindings, "", binding, ServerFixture.Token);
    }

    public static string Apply(string expression) => Mutation("ApplyConfiguration", "applyConfiguration", expression);

    public static string JsonPatch(string expression) => Mutation("JSONPatch", "jsonPatch", expression);

    private static string Mutation(string type, string member, string expression) =>
        new JsonObject { ["patchType"] = type, [member] = new JsonObject { ["expression"] = expression } }.ToJsonString();
}
