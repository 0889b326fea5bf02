using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What is done because something happened, not because it was looked at again: by a clock on which nothing is ever looked at again.</summary>
public sealed class WakeUpRoadTests
{
    private const int Gadgets = 24;
    private static readonly GroupVersionResource Kind = new("example.test", "v1", "gadgets");

    [Fact]
    public async Task ObjectsOfAKindThatComesWithThem_AreAppliedOnceItIsEstablished()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(new TestFleetOptions { SatelliteTime = new NoLongWaits() }, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await fleet.Root.CreateAsync(OrreryResources.Applications, "", Own("Application", "shop", "{}"), default);
        string gadgets = string.Join(',', Enumerable.Range(0, Gadgets).Select(i => $$"""{"apiVersion": "example.test/v1", "kind": "Gadget", "metadata": {"name": "g{{i}}", "namespace": "tools"}, "spec": {"size": {{i}} } }"""));
        await fleet.Root.CreateAsync(OrreryResources.Releases, "", Own("Release", "shop-1", $$"""
            {"application": "shop", "version": "1.0.0", "bundle": {"manifests": {"inline": [{{gadgets}}, {{Definition}}]} } }
            """), default);
        await fleet.ConditionAsync(OrreryResources.Releases, "", "shop-1", "Ready", "True");
        await fleet.Root.CreateAsync(CoreResources.Namespaces, "", Json("""{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ops"} }"""), default);
        await fleet.Root.CreateAsync(
            OrreryResources.Installations, "ops", Own("Installation", "wide", """{"application": "shop", "release": "shop-1", "scope": "DataPlane", "placement": {"dataPlanes": ["pa2-par"]} }"""), default);

        await Eventually.TrueAsync(
            async () => await TryListAsync(inside) == Gadgets, "every object of the new kind is applied", TimeSpan.FromSeconds(60));
    }

    private static async Task<int> TryListAsync(KubeClient inside)
    {
        try
        {
            return (await inside.ListAsync(Kind, "tools", null, default)).Items.Count;
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            return 0;
        }
    }

    private const string Definition = """
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "gadgets.example.test"},
         "spec": {"group": "example.test", "scope": "Namespaced", "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "listKind": "GadgetList"},
                  "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true} } }]} }
        """;

    private static JsonObject Own(string kind, string name, string spec) =>
        Json($$"""{"apiVersion": "orrery.dev/v1alpha1", "kind": "{{kind}}", "metadata": {"name": "{{name}}"}, "spec": {{spec}} }""");

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();

    /// <summary>The system's clock, on which what is to happen after seconds never does.</summary>
    private sealed class NoLongWaits : TimeProvider
    {
        private static readonly TimeSpan Longest = TimeSpan.FromSeconds(4);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > Longest ? Timeout.InfiniteTimeSpan : dueTime, period > Longest ? Timeout.InfiniteTimeSpan : period);
    }
}
