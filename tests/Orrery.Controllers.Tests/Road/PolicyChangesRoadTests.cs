using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>The owner of a data plane changes what they hold back while tenants change what they want: at any moment only what is let is done, and in the end all of it.</summary>
public sealed class PolicyChangesRoadTests
{
    private const string Policy = "satellite-policy";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly string[] Namespaces = ["default", "back"];
    private static readonly GroupVersionResource[] Kinds = [CoreResources.ConfigMaps, new("", "v1", "secrets")];

    /// <summary>As the ConfigMap's data, and whether it lets objects of a kind in a mapped namespace be changed.</summary>
    private static readonly (string Data, Func<GroupVersionResource, string, bool> Allows)[] Policies =
    [
        ("""{"deniedKinds": "Secret"}""", (r, _) => r != Kinds[1]),
        ("""{"kinds": "ConfigMap, NetworkPolicy.networking.k8s.io"}""", (r, _) => r == Kinds[0]),
        ("""{"namespaces": "acme-shop-back"}""", (_, ns) => ns == "back"),
        ("""{"deniedKinds": "ConfigMap/acme-shop-d*"}""", (r, ns) => r != Kinds[0] || ns != "default"),
        ("""{"mode": "Paused"}""", (_, _) => false),
        ("""{"mode": "ReadOnly", "namespaces": "acme-*"}""", (_, _) => false),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Policy_NarrowedAndWidenedAtAnyMoment_HoldsAtOnce_AndNothingIsLost(int seed)
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        var chance = new Random(seed);
        foreach (string name in (string[])[JoinNames.SystemNamespace])
        {
            await inside.ApplyAsync(CoreResources.Namespaces, "", name, Json($$"""{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "{{name}}"} }"""), "test", true, default);
        }

        await shop.CreateAsync(CoreResources.Namespaces, "", Json("""{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "back"} }"""), default);
        int at = 0;
        for (int round = 0; round < 10; round++)
        {
            // 1. Both change something at once. By another policy than the last, or it could not be told from what is said of that whether this one is known.
            at = (at + 1 + chance.Next(Policies.Length - 1)) % Policies.Length;
            (string data, Func<GroupVersionResource, string, bool> allows) = Policies[at];
            Task changing = ChangeAsync(shop, chance, 4);
            await inside.ApplyAsync(CoreResources.ConfigMaps, JoinNames.SystemNamespace, Policy, Json($$"""{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "{{Policy}}"}, "data": {{data}} }"""), "owner", true, default);
            await changing;

            // 2. From when it is known to hold, nothing moves that it forbids.
            await InForceAsync(fleet, data);
            Dictionary<string, string> before = await HeldAsync(inside, allows);
            await ChangeAsync(shop, chance, 4);
            if (chance.Next(3) == 0)
            {
                await fleet.StopSatelliteAsync("pa2-par");
                fleet.StartSatellite("pa2-par");
            }

            await Eventually.TrueAsync(() => IsSaidAsync(fleet, shop, inside, allows), $"round {round}, {data}: each Work says what became of it", Limit);
            Assert.Equal(before, await HeldAsync(inside, allows));
            if (chance.Next(3) == 0)
            {
                await inside.DeleteAsync(CoreResources.ConfigMaps, JoinNames.SystemNamespace, Policy, null, default);
            }
        }

        // 3. All is let again, and done.
        if (await inside.FindAsync(CoreResources.ConfigMaps, JoinNames.SystemNamespace, Policy, default) is not null)
        {
            await inside.DeleteAsync(CoreResources.ConfigMaps, JoinNames.SystemNamespace, Policy, null, default);
        }

        await Eventually.TrueAsync(async () => (await ValuesAsync(shop, n => n)).SequenceEqual(await ValuesAsync(inside, n => "acme-shop-" + n)), "all is as wanted", Limit);
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.All(w => Conditions.IsTrue(w, "Applied")), "every Work is applied", Limit);
        foreach (string ns in Namespaces)
        {
            foreach (GroupVersionResource kind in Kinds)
            {
                foreach (KubeObject left in (await shop.ListAsync(kind, ns, null, default)).Items.Where(IsOurs))
                {
                    await shop.DeleteAsync(kind, ns, left.Name, null, default);
                }
            }
        }

        await Eventually.TrueAsync(async () => await inside.FindAsync(CoreResources.Namespaces, "", "acme-shop-back", default) is null, "an empty namespace goes", Limit);
    }

    /// <summary>A few objects come, change and go.</summary>
    private static async Task ChangeAsync(KubeClient shop, Random chance, int count)
    {
        for (int i = 0; i < count; i++)
        {
            GroupVersionResource kind = Kinds[chance.Next(2)];
            (string ns, string name) = (Namespaces[chance.Next(2)], "o" + chance.Next(3));
            if (await shop.FindAsync(kind, ns, name, default) is not null && chance.Next(3) == 0)
            {
                await shop.DeleteAsync(kind, ns, name, null, default);
                continue;
            }

            await shop.ApplyAsync(kind, ns, name, Json($$"""
                {"apiVersion": "v1", "kind": "{{(kind == Kinds[0] ? "ConfigMap" : "Secret")}}", "metadata": {"name": "{{name}}", "annotations": {"value": "{{chance.Next(1000)}}"} } }
                """), "test", true, default);
        }
    }

    private static Task InForceAsync(TestFleet fleet, string data) => Eventually.TrueAsync(
        async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default), "Restricted") is { Status: "True" } restricted
            && Json(data).All(p => restricted.Message.Contains((string)p.Value!, StringComparison.Ordinal)),
        $"{data} is in force", Limit);

    /// <summary>What is there of what may not be changed, with its version.</summary>
    private static async Task<Dictionary<string, string>> HeldAsync(KubeClient inside, Func<GroupVersionResource, string, bool> allows)
    {
        var held = new Dictionary<string, string>();
        foreach (GroupVersionResource kind in Kinds)
        {
            foreach (string ns in Namespaces.Where(n => !allows(kind, n)))
            {
                foreach (KubeObject live in (await inside.ListAsync(kind, "acme-shop-" + ns, null, default)).Items.Where(IsOurs))
                {
                    held[$"{kind.Resource}/{ns}/{live.Name}"] = $"{live.Uid} {live.ResourceVersion}";
                }
            }
        }

        return held;
    }

    /// <summary>Whether each Work says that it is applied where it is as wanted, and that the owner forbids it where that is so.</summary>
    private static async Task<bool> IsSaidAsync(TestFleet fleet, KubeClient shop, KubeClient inside, Func<GroupVersionResource, string, bool> allows)
    {
        List<KubeObject> works = [.. (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items];
        foreach (string ns in Namespaces)
        {
            foreach (GroupVersionResource kind in Kinds)
            {
                foreach (KubeObject wanted in (await shop.ListAsync(kind, ns, null, default)).Items.Where(IsOurs))
                {
                    KubeObject? work = works.Find(w => w.TextAt("spec", "source", "kind") == wanted.Kind && w.TextAt("spec", "source", "namespace") == ns && w.TextAt("spec", "source", "name") == wanted.Name);
                    KubeObject? live = await inside.FindAsync(kind, "acme-shop-" + ns, wanted.Name, default);
                    string value = wanted.Annotations["value"];
                    if (work?.TextAt("spec", "manifest", "metadata", "annotations", "value") != value || Conditions.Find(work, "Applied") is not { } applied || applied.ObservedGeneration != work.Generation)
                    {
                        return false;
                    }

                    bool isThere = live is { IsDeleting: false } && live.Annotations.GetValueOrDefault("value") == value;
                    if (isThere != (applied.Status == "True") || (allows(kind, ns) && !isThere) || (!isThere && applied.Reason is not ("DeniedByPolicy" or "NotOurs")))
                    {
                        return false;
                    }
                }
            }
        }

        return true;
    }

    private static async Task<List<string>> ValuesAsync(KubeClient cluster, Func<string, string> named)
    {
        var values = new List<string>();
        foreach (string ns in Namespaces)
        {
            foreach (GroupVersionResource kind in Kinds)
            {
                values.AddRange((await cluster.ListAsync(kind, named(ns), null, default)).Items.Where(IsOurs).Select(o => $"{kind.Resource}/{ns}/{o.Name}={o.Annotations["value"]}").Order(StringComparer.Ordinal));
            }
        }

        return values;
    }

    /// <summary>Of what this test makes.</summary>
    private static bool IsOurs(KubeObject found) => found.Annotations.ContainsKey("value");

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
