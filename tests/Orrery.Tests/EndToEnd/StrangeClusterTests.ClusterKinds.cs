namespace Orrery.Tests.EndToEnd;

/// <content>What tenants have in no namespace: what their class lists, under names that nobody else has.</content>
public sealed partial class StrangeClusterTests
{
    private const string StageDefinition = """
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "stages.example.org"},
         "spec": {"group": "example.org", "scope": "Cluster", "names": {"kind": "Stage", "listKind": "StageList", "plural": "stages", "singular": "stage"},
                  "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"} } }]} }
        """;

    [Fact]
    public async Task KindWithoutNamespace_OfATenantsInstallation_RunsWhereItsClassLetsIt_UnderANameThatNobodyHas()
    {
        // 1. Served, and within the satellite's rights; but the tenant has no class that lists it.
        await strange.Owner.RunAsync("apply -f -", StageDefinition);
        await strange.Owner.RunAsync("apply -f -", """
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "satellite-stages", "labels": {"orrery.dev/satellite": "true"} },
             "rules": [{"apiGroups": ["example.org"], "resources": ["stages"], "verbs": ["*"]}]}
            """);
        await strange.Root.RunAsync("apply -f -", $$$"""
            {"apiVersion": "v1", "kind": "List", "items": [
             {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "even", "labels": {"orrery.dev/tenant": "even"} } },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "TenantClass", "metadata": {"name": "staged"}, "spec": {"clusterKinds": ["Stage.example.org"]} },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "even"}, "spec": {"class": "staged"} },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "Application", "metadata": {"name": "stages"}, "spec": {} },
             {{{StageRelease("stages-1", "first")}}}, {{{StageRelease("stages-2", "theirs")}}}, {{{StageInstallation("odd", "stages-1")}}}]}
            """);
        try
        {
            await Eventually.ContainsAsync("Stage of example.org/v1 is in no namespace: of such kinds a tenant has what its installations bring, where its class lists Stage.example.org (clusterKinds)", () => StagesAsync("odd"), Limit);
            Assert.Equal("", await strange.Owner.RunAsync("get stages -o name"));

            // 2. Once it has, it comes by itself, as this tenant's.
            await strange.Root.RunAsync("patch tenant odd --type=merge -p {\"spec\":{\"class\":\"staged\"}}");
            await Eventually.ContainsAsync("stages-1 runs", () => StagesAsync("odd"), Limit);
            Assert.Equal("odd", await strange.Owner.RunAsync("get stage first -o 'jsonpath={.metadata.labels.orrery\\.dev/tenant}'"));

            // 3. Neither another tenant of that class gets it, nor does this one get what the cluster's owner made.
            await strange.Root.RunAsync("apply -f -", StageInstallation("even", "stages-1"));
            await Eventually.MatchesAsync("Stage /?first exists and was not made by this", () => StagesAsync("even"), Limit);
            await strange.Owner.RunAsync("create -f -", """{"apiVersion": "example.org/v1", "kind": "Stage", "metadata": {"name": "theirs"} }""");
            await strange.Root.RunAsync("patch installation stages -n odd --type=merge -p {\"spec\":{\"release\":\"stages-2\"}}");
            await Eventually.MatchesAsync("Stage /?theirs exists and was not made by this", () => StagesAsync("odd"), Limit);
            Assert.Equal("stage.example.org/first\nstage.example.org/theirs\n", await strange.Owner.RunAsync("get stages -o name"));
            Assert.Equal("odd", await strange.Owner.RunAsync("get stage first -o 'jsonpath={.metadata.labels.orrery\\.dev/tenant}'"));

            // 4. It goes with what brought it, and the name is the other tenant's to have; and it goes with that tenant.
            await strange.Root.RunAsync("delete installation stages -n odd --timeout=60s");
            await Eventually.ContainsAsync("stages-1 runs", () => StagesAsync("even"), TimeSpan.FromMinutes(3));
            Assert.Equal("even", await strange.Owner.RunAsync("get stage first -o 'jsonpath={.metadata.labels.orrery\\.dev/tenant}'"));
        }
        finally
        {
            await strange.Root.RunAsync("delete installation stages -n odd --ignore-not-found --timeout=60s");
            await strange.Root.RunAsync("patch tenant odd --type=merge -p {\"spec\":{\"class\":null}}");
            await strange.Root.RunAsync("delete tenant even --timeout=120s");
        }

        await Eventually.EqualsAsync("stage.example.org/theirs\n", () => strange.Owner.RunAsync("get stages -o name"), Limit);
    }

    private static string StageRelease(string name, string stage) => $$$"""
        {"apiVersion": "orrery.dev/v1alpha1", "kind": "Release", "metadata": {"name": "{{{name}}}"},
         "spec": {"application": "stages", "version": "1.0.{{{name[^1]}}}", "bundle": {"manifests": {"inline": [{"apiVersion": "example.org/v1", "kind": "Stage", "metadata": {"name": "{{{stage}}}"} }]} } } }
        """;

    private static string StageInstallation(string tenant, string release) => $$$"""
        {"apiVersion": "orrery.dev/v1alpha1", "kind": "Installation", "metadata": {"name": "stages", "namespace": "{{{tenant}}}"},
         "spec": {"application": "stages", "release": "{{{release}}}", "placement": {"dataPlanes": ["{{{StrangeCluster.Name}}}"]} } }
        """;

    /// <summary>What the tenant's installation says.</summary>
    private Task<string> StagesAsync(string tenant) => strange.Root.RunAsync($"get installation stages -n {tenant} -o jsonpath={{.status.dataPlanes[0].message}}");
}
