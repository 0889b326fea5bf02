using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Recording;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>What the owner of a data plane holds back, from inside, and the record that the satellite keeps there.</summary>
public sealed class PolicyRoadTests
{
    private const string Mapped = "acme-shop-default";
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");
    private static readonly GroupVersionResource NetworkPolicies = new("networking.k8s.io", "v1", "networkpolicies");

    [Fact]
    public async Task DeniedKind_IsNotApplied_AndSaidOnBothSides()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await PolicyAsync(inside, ("deniedKinds", "Secret"));
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Restricted", "True");

        await shop.CreateAsync(Secrets, "default", Object("Secret", "keys"), default);
        await shop.CreateAsync(ConfigMaps, "default", Object("ConfigMap", "settings"), default);

        await Eventually.SomeAsync(() => inside.FindAsync(ConfigMaps, Mapped, "settings", default), "settings");
        await Eventually.TrueAsync(
            async () => (await fleet.Root.ListAsync(OrreryResources.Works, "dp-pa2-par", null, default)).Items.Any(w =>
                w.TextAt("spec", "source", "kind") == "Secret"
                && Conditions.Find(w, "Applied") is { Status: "False", Reason: "DeniedByPolicy", Message: "the policy of the cluster's owner does not allow it: kind Secret is denied" }),
            "the Work says that the owner denies it");
        Assert.Null(await inside.FindAsync(Secrets, Mapped, "keys", default));
        await RecordedAsync(inside, l => l["verb"]!.GetValue<string>() == "apply" && l["name"]!.GetValue<string>() == "settings" && l["answer"]!.GetValue<string>() == "ok", "apply of settings");

        await RecordedAsync(
            inside, l => l["verb"]!.GetValue<string>() == "apply" && l["name"]!.GetValue<string>() == "keys" && l["answer"]!.GetValue<string>() == "denied: kind Secret is denied", "what was refused");

        // Once it is allowed, it comes.
        await inside.DeleteAsync(ConfigMaps, JoinNames.SystemNamespace, "satellite-policy", null, default);
        await Eventually.SomeAsync(() => inside.FindAsync(Secrets, Mapped, "keys", default), "keys", TimeSpan.FromSeconds(60));
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Restricted", "False");
    }

    [Fact]
    public async Task Paused_NothingGoes_UntilTheOwnerLetsIt()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", Object("ConfigMap", "settings"), default);
        await Eventually.SomeAsync(() => inside.FindAsync(ConfigMaps, Mapped, "settings", default), "settings");

        await PolicyAsync(inside, ("mode", "Paused"));
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Restricted", "True");
        await shop.DeleteAsync(ConfigMaps, "default", "settings", null, default);

        await RecordedAsync(
            inside, l => l["verb"]!.GetValue<string>() == "delete" && l["name"]!.GetValue<string>() == "settings" && l["answer"]!.GetValue<string>() == "denied: mode is Paused", "refused deletion");
        Assert.NotNull(await inside.FindAsync(ConfigMaps, Mapped, "settings", default));

        await inside.PatchAsync(ConfigMaps, JoinNames.SystemNamespace, "satellite-policy", PatchKind.Merge, Json("""{"data": {"mode": "Enabled"}}"""), default);
        await Eventually.TrueAsync(async () => await inside.FindAsync(ConfigMaps, Mapped, "settings", default) is null, "settings are gone", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Disabled_SatelliteFallsSilent_AndComesBack()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;

        await PolicyAsync(inside, ("mode", "Disabled"));

        await Eventually.TrueAsync(
            async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.DataPlanes, "", "pa2-par", default), "Restricted") is { Status: "True", Reason: "Disabled" },
            "the last word is that it is switched off");
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Ready", "Unknown");
        await shop.CreateAsync(ConfigMaps, "default", Object("ConfigMap", "settings"), default);

        await inside.DeleteAsync(ConfigMaps, JoinNames.SystemNamespace, "satellite-policy", null, default);
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Ready", "True");
        await Eventually.SomeAsync(() => inside.FindAsync(ConfigMaps, Mapped, "settings", default), "settings", TimeSpan.FromSeconds(60));
    }

    /// <summary>Policies of a namespace add up, so that an owner's deny-all closes nothing which Orrery's opens: whoever wants to bound traffic there says so.</summary>
    [Fact]
    public async Task NetworkPolicies_KeptByTheOwnerInANamespace_AreLeftToThem_AndThatIsSaid()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", Object("ConfigMap", "settings"), default);
        await Eventually.SomeAsync(() => inside.FindAsync(NetworkPolicies, Mapped, TenantGuards.Name, default), "what holds the tenant apart", TimeSpan.FromSeconds(60));

        // 1. The owner takes the traffic of the tenant's namespaces over.
        await PolicyAsync(inside, ("deniedKinds", "NetworkPolicy.networking.k8s.io/acme-*"));
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Restricted", "True");
        await inside.DeleteAsync(NetworkPolicies, Mapped, TenantGuards.Name, null, default);
        await Eventually.TrueAsync(
            async () => Conditions.Find(await fleet.Root.GetAsync(OrreryResources.Tenancies, "dp-pa2-par", "acme", default), "Isolated") is { Status: "False" } isolated
                && isolated.Message.Contains("kind NetworkPolicy.networking.k8s.io is denied in namespace acme-shop-default", StringComparison.Ordinal),
            "that Orrery does not hold it apart is said", TimeSpan.FromSeconds(60));
        await shop.CreateAsync(ConfigMaps, "default", Object("ConfigMap", "later"), default);
        await Eventually.SomeAsync(() => inside.FindAsync(ConfigMaps, Mapped, "later", default), "all else goes on", TimeSpan.FromSeconds(60));
        Assert.Null(await inside.FindAsync(NetworkPolicies, Mapped, TenantGuards.Name, default));

        // 2. And gives it back.
        await inside.DeleteAsync(ConfigMaps, JoinNames.SystemNamespace, "satellite-policy", null, default);
        await Eventually.SomeAsync(() => inside.FindAsync(NetworkPolicies, Mapped, TenantGuards.Name, default), "it is put back", TimeSpan.FromSeconds(60));
        await fleet.ConditionAsync(OrreryResources.Tenancies, "dp-pa2-par", "acme", "Isolated", "True");
    }

    /// <summary>What was let in before its owner forbade it does not go on for as long as somebody likes.</summary>
    [Fact]
    public async Task Streams_ThatTheOwnerForbidsWhileTheyGoOn_AreCut_AndTheOthersAreNot()
    {
        await using TestFleet fleet = await TestFleet.StartAsync([new TestKubelet("exec"), new TestKubelet("log")], "pa2-par");
        KubeClient shop = await StreamedPod.OpenAsync(fleet);
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        using ClientWebSocket socket = await StreamedPod.DialAsync(fleet, fleet.ControlPlane.AdminToken(TestFleet.Shop));
        using HttpResponseMessage followed = await StreamedPod.AskAsync(shop, HttpMethod.Get, $"log?container={TestKubelet.Endless}");
        await using Stream log = await followed.Content.ReadAsStreamAsync();
        using HttpResponseMessage watched = await fleet.Root.ForwardAsync(HttpMethod.Get, "/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/proxy/api/v1/namespaces?watch=true", [], false, default);
        await using Stream watch = await watched.Content.ReadAsStreamAsync();
        Assert.Equal("one", await EchoAsync(socket, "one"));

        // 1. Logs and the API itself: they end, what is let goes on.
        await PolicyAsync(inside, ("logs", "false"), ("proxy", "false"));
        await EndsAsync(log);
        await EndsAsync(watch);
        Assert.Equal("two", await EchoAsync(socket, "two"));

        // 2. Programs.
        await inside.PatchAsync(ConfigMaps, JoinNames.SystemNamespace, "satellite-policy", PatchKind.Merge, Json("""{"data": {"exec": "false"}}"""), default);
        await Assert.ThrowsAsync<WebSocketException>(() => EchoAsync(socket, null));
        WebSocketException refused = await Assert.ThrowsAsync<WebSocketException>(() => StreamedPod.DialAsync(fleet, fleet.ControlPlane.AdminToken(TestFleet.Shop)));
        Assert.Contains("403", refused.Message, StringComparison.Ordinal);

        // 3. That they were cut, and why, is the owner's to read.
        await RecordedAsync(inside, l => l["verb"]!.GetValue<string>() == "STREAM" && l["answer"]!.GetValue<string>().EndsWith("the policy of the cluster's owner does not allow it: exec is switched off", StringComparison.Ordinal)
            && l["answer"]!.GetValue<string>().StartsWith("cut: ", StringComparison.Ordinal), "the cut");
    }

    /// <summary>Whoever runs the control plane, or has taken it over, neither lifts what the owner forbade nor rewrites what was recorded, nor takes the satellite's key along: by no way that it has.</summary>
    [Fact]
    public async Task PolicyRecordAndKey_AreOutOfTheControlPlanesReach()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", Object("ConfigMap", "settings"), default);
        await RecordedAsync(inside, l => l["name"]!.GetValue<string>() == "settings", "settings");
        await PolicyAsync(inside, ("logs", "false"));
        await fleet.ConditionAsync(OrreryResources.DataPlanes, "", "pa2-par", "Restricted", "True");
        foreach ((string ns, string name) in ((string, string)[])[(JoinNames.SystemNamespace, JoinNames.IdentitySecret), ("default", "other")])
        {
            JsonObject secret = Object("Secret", name);
            secret["data"] = Json("""{"tls.key": "c2VjcmV0"}""");
            await inside.ApplyAsync(Secrets, ns, name, secret, "test", true, default);
        }

        // 1. Through the satellite, as its administrator.
        using KubeClient through = new(fleet.ControlPlane.Config(fleet.ControlPlane.Certificate("operator", [UserGroups.Masters], ClusterScope.Root)) is var root
            ? root with { Server = new Uri(root.Server, "/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/proxy") } : throw new InvalidOperationException());
        const string Own = "the policy of the cluster's owner does not allow it: namespace orrery-system is the satellite's own, and its owner's";
        Assert.Equal(Own, (await RefusedAsync(() => through.DeleteAsync(ConfigMaps, JoinNames.SystemNamespace, "satellite-policy", null, default))).Message);
        Assert.Equal(Own, (await RefusedAsync(() => through.PatchAsync(ConfigMaps, JoinNames.SystemNamespace, "satellite-log-00000001", PatchKind.Merge, Json("""{"data": {"log": ""} }"""), default))).Message);
        Assert.Equal(Own, (await RefusedAsync(() => through.GetAsync(Secrets, JoinNames.SystemNamespace, JoinNames.IdentitySecret, default))).Message);
        Assert.Equal(["other"], (await through.ListAsync(Secrets, "", null, default)).Items.Select(s => s.Name));
        Assert.Empty((await through.ListAsync(Secrets, "", new ListQuery { FieldSelector = $"metadata.name={JoinNames.IdentitySecret}" }, default)).Items);
        Assert.EndsWith("log is switched off", (await RefusedAsync(() => through.GetTextAsync($"/api/v1/namespaces/{Mapped}/pods/web/log", default))).Message, StringComparison.Ordinal);
        Assert.NotEmpty((await through.GetAsync(ConfigMaps, JoinNames.SystemNamespace, "satellite-log-00000001", default)).TextAt("data", "log")!);

        // 2. By what is wanted there, with all permissions that a Work can name.
        await fleet.StopControllersAsync();
        await fleet.Root.CreateAsync(OrreryResources.Works, "dp-pa2-par", Json($$"""
            {"apiVersion": "orrery.dev/v1alpha1", "kind": "Work",
             "metadata": {"name": "takeover", "labels": {"orrery.dev/tenant": "acme", "orrery.dev/virtual-cluster": "shop", "orrery.dev/namespace": "default"} },
             "spec": {"source": {"cluster": "acme/shop", "apiVersion": "v1", "kind": "ConfigMap", "namespace": "default", "name": "takeover", "generation": 1},
              "manifest": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "satellite-policy", "namespace": "{{JoinNames.SystemNamespace}}",
               "annotations": {"orrery.dev/adopt": "true", "orrery.dev/conflicts": "TakeOver"} }, "data": {"logs": "true"} } } }
            """), default);
        await RecordedAsync(inside, l => l["verb"]!.GetValue<string>() == "apply" && l["name"]!.GetValue<string>() == "satellite-policy" && l["answer"]!.GetValue<string>().StartsWith("denied: namespace orrery-system", StringComparison.Ordinal), "the Work that was refused");
        Assert.Equal("false", (await inside.GetAsync(ConfigMaps, JoinNames.SystemNamespace, "satellite-policy", default)).TextAt("data", "logs"));

        // 3. Each try is the owner's to read, in a record that is whole.
        await RecordedAsync(inside, l => l["verb"]!.GetValue<string>() == "DELETE" && l["name"]!.GetValue<string>().EndsWith("/configmaps/satellite-policy", StringComparison.Ordinal) && l["answer"]!.GetValue<string>() == "403", "the deletion that was refused");
        Assert.Null(RecordVerdict.Of(await RecordReader.ReadAsync(inside, default)).Break);
    }

    private static async Task<StatusException> RefusedAsync(Func<Task> ask)
    {
        StatusException refusal = await Assert.ThrowsAsync<StatusException>(ask);
        Assert.Equal(403, refusal.Code);
        return refusal;
    }

    [Fact]
    public async Task Record_AfterARestart_GoesOnWhereItStopped()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        await shop.CreateAsync(ConfigMaps, "default", Object("ConfigMap", "first"), default);
        await RecordedAsync(inside, l => l["name"]!.GetValue<string>() == "first", "first");

        await fleet.StopSatelliteAsync("pa2-par");
        fleet.StartSatellite("pa2-par");
        await shop.CreateAsync(ConfigMaps, "default", Object("ConfigMap", "second"), default);
        await RecordedAsync(inside, l => l["name"]!.GetValue<string>() == "second", "second");

        List<JsonObject> lines = await LinesAsync(inside);
        Assert.Equal(Enumerable.Range(1, lines.Count).Select(n => (long)n), lines.Select(l => l["seq"]!.GetValue<long>()));
        Assert.Null(RecordVerdict.Of(await RecordReader.ReadAsync(inside, default)).Break);
        Assert.Equal("create", lines[0]["verb"]!.GetValue<string>());
        Assert.Equal(Mapped, lines[0]["name"]!.GetValue<string>());
        Assert.Equal("namespace default of virtual cluster acme/shop of tenant acme", lines[0]["for"]!.GetValue<string>());
    }

    [Fact]
    public async Task Record_ChangedBySomebody_IsFoundBrokenByTheOwnerAndByTheSatellite()
    {
        await using TestFleet fleet = await TestFleet.StartAsync("pa2-par");
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, "pa2-par");
        KubeClient inside = fleet.DataPlanes["pa2-par"].Client;
        foreach (string name in (string[])["first", "second", "third"])
        {
            await shop.CreateAsync(ConfigMaps, "default", Object("ConfigMap", name), default);
            await RecordedAsync(inside, l => l["name"]!.GetValue<string>() == name, name);
        }

        await fleet.StopSatelliteAsync("pa2-par");
        RecordVerdict whole = RecordVerdict.Of(await RecordReader.ReadAsync(inside, default));
        Assert.Null(whole.Break);
        Assert.Equal(1, whole.First);

        // 1. Whoever may write ConfigMaps there says that it was another object.
        RecordPart part = Assert.Single(await RecordReader.ReadAsync(inside, default));
        string forged = part.Content.Replace("\"name\":\"second\"", "\"name\":\"sekond\"", StringComparison.Ordinal);
        await inside.PatchAsync(ConfigMaps, JoinNames.SystemNamespace, "satellite-log-00000001", PatchKind.Merge, new JsonObject { ["data"] = new JsonObject { ["log"] = forged } }, default);
        Assert.Contains("was written after another line", RecordVerdict.Of(await RecordReader.ReadAsync(inside, default)).Break, StringComparison.Ordinal);

        // 2. The satellite that starts upon it says so, and goes on.
        fleet.StartSatellite("pa2-par");
        await RecordedAsync(inside, l => l["verb"]!.GetValue<string>() == "verify" && l["answer"]!.GetValue<string>().StartsWith("broken: line ", StringComparison.Ordinal), "the break");
        List<JsonObject> lines = await LinesAsync(inside);
        Assert.Equal(Enumerable.Range(1, lines.Count).Select(n => (long)n), lines.Select(l => l["seq"]!.GetValue<long>()));
    }

    private static async Task PolicyAsync(KubeClient inside, params (string Key, string Value)[] data)
    {
        // The satellite may be making it just now.
        await inside.ApplyAsync(CoreResources.Namespaces, "", JoinNames.SystemNamespace, Json("""{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "orrery-system"}}"""), "test", true, default);
        JsonObject policy = Object("ConfigMap", "satellite-policy");
        policy["data"] = new JsonObject(data.Select(d => KeyValuePair.Create(d.Key, (JsonNode?)d.Value)));
        await inside.CreateAsync(ConfigMaps, JoinNames.SystemNamespace, policy, default);
    }

    /// <param name="sent">Null waits for what comes.</param>
    private static async Task<string> EchoAsync(ClientWebSocket socket, string? sent)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
        if (sent is not null)
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(sent), WebSocketMessageType.Binary, true, limit.Token);
        }

        byte[] buffer = new byte[64];
        WebSocketReceiveResult got = await socket.ReceiveAsync(buffer, limit.Token);
        return Encoding.UTF8.GetString(buffer, 0, got.Count);
    }

    private static async Task EndsAsync(Stream stream)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await stream.ReadAsync(buffer, limit.Token) > 0)
            {
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // Cut, rather than ended.
        }
    }

    private static Task RecordedAsync(KubeClient inside, Func<JsonObject, bool> wanted, string what) =>
        Eventually.TrueAsync(async () => (await LinesAsync(inside)).Any(wanted), "record of " + what, TimeSpan.FromSeconds(60));

    private static async Task<List<JsonObject>> LinesAsync(KubeClient inside) =>
    [
        .. (await inside.ListAsync(ConfigMaps, JoinNames.SystemNamespace, new ListQuery { LabelSelector = "orrery.dev/satellite-log" }, default)).Items
            .OrderBy(c => c.Name, StringComparer.Ordinal)
            .SelectMany(c => (c.TextAt("data", "log") ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
            .Select(l => JsonNode.Parse(l)!.AsObject()),
    ];

    private static JsonObject Object(string kind, string name) => new() { ["apiVersion"] = "v1", ["kind"] = kind, ["metadata"] = new JsonObject { ["name"] = name } };

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
