using System.Text.Json.Nodes;

namespace Orrery.Tests.EndToEnd;

/// <content>Releases for the cluster as a whole: a definition with objects of its kind, what cannot be changed, and what must not go along.</content>
public sealed partial class StrangeClusterTests
{
    private const string Namespace = """{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gadgets"} }""";

    private const string Definition = """
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "gadgets.example.org"},
         "spec": {"group": "example.org", "scope": "Namespaced", "names": {"kind": "Gadget", "listKind": "GadgetList", "plural": "gadgets", "singular": "gadget"},
                  "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"} } }]} }
        """;

    private const string Gadget = """{"apiVersion": "example.org/v1", "kind": "Gadget", "metadata": {"name": "ours", "namespace": "gadgets"} }""";

    [Fact]
    public async Task Release_WithADefinition_ComesInOrder_IsMadeAnewOnlyWhereItSaysSo_AndTakesNothingOfOthersAlong()
    {
        // 1. What its roles do not let it do is said before anything comes; once its owner lets it, all comes, in whatever order it is written.
        await strange.Root.RunAsync("apply -f -", """{"apiVersion": "orrery.dev/v1alpha1", "kind": "Application", "metadata": {"name": "gadgets"}, "spec": {} }""");
        await ReleaseAsync(1, Gadget, Settings("a"), Definition, Namespace);
        await strange.Root.RunAsync("apply -f -", $$$"""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "Installation", "metadata": {"name": "gadgets", "namespace": "default"},
             "spec": {"application": "gadgets", "release": "gadgets-1", "scope": "DataPlane", "placement": {"dataPlanes": ["{{{StrangeCluster.Name}}}"]} } }
            """);
        await Eventually.ContainsAsync("cannot get resource \"customresourcedefinitions\"", InstalledAsync, Limit);
        Assert.NotEqual(0, (await strange.Owner.TryAsync("get configmap settings -n gadgets")).ExitCode);
        await strange.Owner.RunAsync("apply -f -", """
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "satellite-gadgets", "labels": {"orrery.dev/satellite": "true"} },
             "rules": [{"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": ["*"]}, {"apiGroups": ["example.org"], "resources": ["*"], "verbs": ["*"]}]}
            """);
        await Eventually.ContainsAsync("gadgets-1 runs", InstalledAsync, Limit);
        Assert.Equal("gadget.example.org/ours\n", await strange.Owner.RunAsync("get gadgets -A -o name"));
        string first = await SettingsAsync();
        Assert.StartsWith("a ", first, StringComparison.Ordinal);

        // 2. What cannot be changed is refused, and stays; made anew it is where the release says so.
        await UpgradeAsync(2, Gadget, Settings("b"), Definition, Namespace);
        await Eventually.ContainsAsync("field is immutable when `immutable` is set", InstalledAsync, Limit);
        Assert.Equal(first, await SettingsAsync());
        await UpgradeAsync(3, Gadget, Settings("b", anew: true), Definition, Namespace);
        await Eventually.ContainsAsync("gadgets-3 runs", InstalledAsync, Limit);
        Assert.StartsWith("b ", await SettingsAsync(), StringComparison.Ordinal);
        Assert.NotEqual(first[2..], (await SettingsAsync())[2..]);

        // 3. What it brought goes, and neither the namespace nor the definition as long as others have something that would go along.
        await strange.Owner.RunAsync("create configmap beside -n gadgets --from-literal=key=theirs");
        await strange.Owner.RunAsync("create -f -", """{"apiVersion": "example.org/v1", "kind": "Gadget", "metadata": {"name": "theirs", "namespace": "default"} }""");
        await strange.Root.RunAsync("delete installation gadgets --timeout=60s");
        await Eventually.EqualsAsync("gadget.example.org/theirs\n", () => strange.Owner.RunAsync("get gadgets -A -o name"), Limit);
        await Eventually.EqualsAsync("configmap/beside configmap/kube-root-ca.crt", async () => string.Join(' ', (await strange.Owner.RunAsync("get configmaps -n gadgets -o name")).Split('\n', StringSplitOptions.RemoveEmptyEntries)), Limit);
        await Eventually.ContainsAsync("ConfigMap gadgets/beside is not of what goes, and would go with it", () => RefusedAsync("gadgets"), Limit);
        await Eventually.ContainsAsync("Gadget default/theirs is not of what goes, and would go with it", () => RefusedAsync("gadgets.example.org"), Limit);

        // 4. Once they have gone, both do.
        await strange.Owner.RunAsync("delete gadget theirs -n default");
        await strange.Owner.RunAsync("delete configmap beside -n gadgets");
        await Eventually.EqualsAsync("", async () => await strange.Owner.RunAsync("get namespace gadgets --ignore-not-found -o name") + await strange.Owner.RunAsync("get crd gadgets.example.org --ignore-not-found -o name"), Limit);
    }

    private static string Settings(string value, bool anew = false) => new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject
        {
            ["name"] = "settings", ["namespace"] = "gadgets", ["annotations"] = anew ? new JsonObject { ["orrery.dev/immutable"] = "Recreate" } : null,
        },
        ["data"] = new JsonObject { ["key"] = value },
        ["immutable"] = true,
    }.ToJsonString();

    private Task<string> SettingsAsync() => strange.Owner.RunAsync("get configmap settings -n gadgets -o 'jsonpath={.data.key} {.metadata.uid}'");

    private Task<string> InstalledAsync() => strange.Root.RunAsync("get installation gadgets -o jsonpath={.status.dataPlanes[0].message}");

    private Task<string> RefusedAsync(string name) => strange.Owner.RunAsync($"get events -A --field-selector reason=RemovalRefused,involvedObject.name={name} -o jsonpath={{.items[*].message}}");

    private Task<string> ReleaseAsync(int number, params string[] manifests) => strange.Root.RunAsync("apply -f -", $$$"""
        {"apiVersion": "orrery.dev/v1alpha1", "kind": "Release", "metadata": {"name": "gadgets-{{{number}}}"},
         "spec": {"application": "gadgets", "version": "{{{number}}}.0.0", "bundle": {"manifests": {"inline": [{{{string.Join(',', manifests)}}}]} } } }
        """);

    private async Task UpgradeAsync(int number, params string[] manifests)
    {
        await ReleaseAsync(number, manifests);
        await strange.Root.RunAsync($"patch installation gadgets --type=merge -p {{\"spec\":{{\"release\":\"gadgets-{number}\"}}}}");
    }
}
