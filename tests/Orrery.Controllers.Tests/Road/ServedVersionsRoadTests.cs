using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>A data plane whose owner upgrades what brings custom resources: versions come and go, the objects are the same.</summary>
public sealed class ServedVersionsRoadTests
{
    private const string Mapped = "acme-shop-default";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly GroupVersionResource Definitions = new("apiextensions.k8s.io", "v1", "customresourcedefinitions");
    private static readonly GroupVersionResource Widgets = new("example.test", "v1", "widgets");
    private static readonly GroupVersionResource OldWidgets = new("example.test", "v1beta1", "widgets");

    [Fact]
    public async Task Version_ThatIsNotServedAnyMore_ItsObjectsAreStillKnown_AndGoWithTheirWorks()
    {
        // A kube-apiserver ends the watches of a version that it stops to serve.
        var way = new RoughWay
        {
            Instead = (request, _) =>
            {
                if (RoughWay.IsWatch(request.RequestUri!))
                {
                    RoughWay.EndSoon(request);
                }

                return Task.FromResult<HttpResponseMessage?>(null);
            },
        };
        await using TestFleet fleet = await TestFleet.StartAsync(new TestFleetOptions { ToCluster = way }, "pa2-par");
        _ = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await inside.CreateAsync(Definitions, "", Definition(), default);
        await Eventually.TrueAsync(async () => Conditions.IsTrue(await inside.GetAsync(Definitions, "", "widgets.example.test", default), "Established"), "the kind is there", Limit);

        // What brings Works is not asked here: they are this test's own.
        await Eventually.SomeAsync(() => fleet.Root.FindAsync(OrreryResources.Tenancies, "dp-pa2-par", "acme", default), "how its tenant is held apart", Limit);
        await fleet.StopControllersAsync();
        foreach (string name in (string[])["left", "kept"])
        {
            await fleet.Root.CreateAsync(OrreryResources.Works, "dp-pa2-par", Work(name, "v1beta1"), default);
            await AppliedAsync(fleet, name, "True Applied");
        }

        string uid = (await inside.GetAsync(OldWidgets, Mapped, "kept", default)).Uid;

        // 1. The owner's upgrade: the old version goes. What was applied in it is there, and its Work says what is wrong with it.
        await inside.PatchAsync(Definitions, "", "widgets.example.test", PatchKind.Json, JsonNode.Parse("""[{"op": "replace", "path": "/spec/versions/0/served", "value": false}]""")!, default);
        await AppliedAsync(fleet, "kept", "False UnknownKind");
        Assert.NotNull(await inside.FindAsync(Widgets, Mapped, "left", default));

        // 2. A Work that is deleted takes its object with it.
        await fleet.Root.DeleteAsync(OrreryResources.Works, "dp-pa2-par", "left", null, default);
        await Eventually.TrueAsync(async () => await inside.FindAsync(Widgets, Mapped, "left", default) is null, "its object is gone", Limit);

        // 3. One that asks for the version that there is has its object still.
        await fleet.Root.PatchAsync(OrreryResources.Works, "dp-pa2-par", "kept", PatchKind.Merge, Json("""{"spec": {"manifest": {"apiVersion": "example.test/v1", "spec": {"size": 2} } } }"""), default);
        await AppliedAsync(fleet, "kept", "True Applied");
        KubeObject kept = await inside.GetAsync(Widgets, Mapped, "kept", default);
        Assert.Equal((uid, 2L), (kept.Uid, kept.NumberAt("spec", "size")));

        // 4. And nothing of the old one keeps the namespace.
        await fleet.Root.DeleteAsync(OrreryResources.Works, "dp-pa2-par", "kept", null, default);
        await Eventually.TrueAsync(async () => await inside.FindAsync(CoreResources.Namespaces, "", Mapped, default) is null, "the namespace is gone", Limit);
    }

    private static Task AppliedAsync(TestFleet fleet, string work, string expected) => Eventually.TrueAsync(
        async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.Works, "dp-pa2-par", work, default), OrreryNames.AppliedCondition) is { } applied && $"{applied.Status} {applied.Reason}" == expected,
        $"Work {work} is {expected}", Limit);

    private static JsonObject Work(string name, string version) => Json($$"""
        {"apiVersion": "orrery.dev/v1alpha1", "kind": "Work",
         "metadata": {"name": "{{name}}", "labels": {"orrery.dev/tenant": "acme", "orrery.dev/virtual-cluster": "shop", "orrery.dev/namespace": "default"} },
         "spec": {"source": {"cluster": "acme/shop", "apiVersion": "example.test/{{version}}", "kind": "Widget", "namespace": "default", "name": "{{name}}", "uid": "u-{{name}}", "generation": 1},
                  "manifest": {"apiVersion": "example.test/{{version}}", "kind": "Widget", "metadata": {"name": "{{name}}", "namespace": "{{Mapped}}"}, "spec": {"size": 1} } } }
        """);

    private static JsonObject Definition()
    {
        static string Version(string name, string storage) => $$"""
            {"name": "{{name}}", "served": true, "storage": {{storage}},
             "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"} } } } } } }
            """;
        return Json($$"""
            {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.test"},
             "spec": {"group": "example.test", "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
                      "versions": [{{Version("v1beta1", "false")}}, {{Version("v1", "true")}}]} }
            """);
    }

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
