using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>Who was not let in stands in the control plane's audit log: as whom, what for, how it was answered, and nothing that is secret.</summary>
[Collection(WatchedCollection.Name)]
public sealed partial class JoinRecordTests(Watched watched)
{
    private const string Standby = "This satellite stands by";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task RefusedJoining_IsRecordedWithItsUserVerbAndCode_AndWithoutItsToken()
    {
        Kubectl.Require();
        Kubectl invited = await JoinRefusalTests.InvitedAsync(watched, "recorded");
        string account = (await watched.Root.RunAsync("get serviceaccounts -n dp-recorded -o name")).Split('\n').Select(l => l.Trim()).Single(l => l.Contains("/join-", StringComparison.Ordinal))["serviceaccount/".Length..];
        string user = $"system:serviceaccount:dp-recorded:{account}", mine = $"CN=orrery:data-plane:recorded:{await UidAsync("recorded")},O=orrery:satellites";
        Dictionary<string, string> decided = [];
        foreach ((string request, string decision) in ((string, string)[])
        [
            (RequestByHand.Of($"CN=orrery:data-plane:west:{await UidAsync("west")},O=orrery:satellites"), "WrongDataPlane"), (RequestByHand.Of(mine.Replace("O=", "O=more,O=", StringComparison.Ordinal)), "WrongGroup"),
            (RequestByHand.Of(mine, usage: "server auth"), "WrongUsage"), (RequestByHand.Of(mine), "Invited"), (RequestByHand.Of(mine), "TokenReused"),
        ])
        {
            string name = (await invited.RunAsync("create -o name -f -", request)).Trim();
            await Eventually.EqualsAsync(decision, () => watched.Root.RunAsync($"get {name} -o 'jsonpath={{.status.conditions[0].reason}}'"), Limit);
            decided[name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..]] = decision;
        }

        Assert.NotEqual(0, (await invited.TryAsync("create -f -", RequestByHand.Of("CN=orrery:data-plane:recorded,O=system:masters"))).ExitCode);

        // A token whose account is gone is as good as one that has expired.
        await watched.Root.RunAsync($"delete serviceaccount {account} -n dp-recorded");
        await Eventually.ContainsAsync("Unauthorized", async () => (await invited.TryAsync("get csr")).Error, Limit);

        // 1. Each request by the token, and the verdict on it.
        List<JsonNode> events = await watched.EventsAsync();
        foreach ((string name, string decision) in decided)
        {
            Assert.Equal(
                (user, 201), events.Where(e => IsOf(e, name, "create", null)).Select(e => ((string?)e["user"]!["username"], (int)e["responseStatus"]!["code"]!)).Single());
            JsonNode verdict = events.First(e => IsOf(e, name, null, "approval") && (int)e["responseStatus"]!["code"]! == 200);
            Assert.Equal(decision, (string?)verdict["requestObject"]?["status"]?["conditions"]?[0]?["reason"] ?? (string?)verdict["responseObject"]?["status"]?["conditions"]?[0]?["reason"]);
        }

        Assert.Contains(events, e => (string?)e["user"]?["username"] == user && (string?)e["verb"] == "create" && (string?)e["objectRef"]?["resource"] == "certificatesigningrequests" && (int)e["responseStatus"]!["code"]! == 403);
        Assert.Contains(events, e => (int?)e["responseStatus"]?["code"] == 401 && ((string?)e["requestURI"])!.Contains("certificatesigningrequests", StringComparison.Ordinal));

        // 2. Nothing by which anybody could come again.
        string token = TokenLine().Match(await File.ReadAllTextAsync(invited.Kubeconfig, TestContext.Current.CancellationToken)).Groups[1].Value;
        Assert.True(token.Length > 100);
        Assert.DoesNotContain(events, e => e.ToJsonString().Contains(token, StringComparison.Ordinal));

        // 3. Where an operator looks.
        Assert.Equal("True TokenReused", await watched.Root.RunAsync("get dataplane recorded -o 'jsonpath={range .status.conditions[?(@.type==\"JoinRefused\")]}{.status} {.reason}{end}'"));
        await Eventually.ContainsAsync("TokenReused", () => watched.Root.RunAsync("get events --field-selector involvedObject.kind=DataPlane,involvedObject.name=recorded -o jsonpath={.items[*].reason}"), Limit);
        await watched.Root.RunAsync("delete dataplane recorded --wait=false");
    }

    /// <summary>Three processes with one Secret in its cluster, one after the other, and a copy of it in another: one works, the others are refused while it lives, the copy gets nothing, and all of it is recorded with who it was.</summary>
    [Fact]
    public async Task SecondSatelliteUnderOneIdentity_IsRefusedWhileTheFirstLives_AndACopyElsewhereAsWell_AllOfItRecorded()
    {
        Kubectl.Require();
        await using StandIn cluster = await StandIn.StartAsync(), elsewhere = await StandIn.StartAsync();
        Kubectl owner = cluster.KubectlAs("owner", "system:masters"), thief = elsewhere.KubectlAs("owner", "system:masters");
        using SatelliteProcess first = await TwoControlPlanesTests.JoinAsync(watched, "add", "twice", owner, cluster);
        string user = $"orrery:data-plane:twice:{await UidAsync("twice")}";
        using SatelliteProcess second = SatelliteProcess.Start("twice", cluster.File("token.kubeconfig"));
        await Eventually.MatchesAsync("^[0-9a-f]+$", InstanceAsync, Limit);
        string instance = await InstanceAsync();

        // 1. The second is refused, which is told and recorded; the first has its tunnel, and works.
        await watched.Root.RunAsync("wait --for=condition=Duplicated dataplane/twice --timeout=120s");
        await Eventually.ContainsAsync("SecondSatellite", () => ReasonsAsync("twice"), Limit);
        await Eventually.HoldsAsync(() => Task.FromResult(second.TimesSaid(Standby) == 1), Limit);
        Assert.StartsWith("SecondRefused ", await DuplicatedAsync(), StringComparison.Ordinal);
        await WorksAsync(1);
        Assert.Contains("kube-system", (await watched.OrreryAsync("data-plane", "kubectl", "twice", "--", "get", "namespaces")).Succeeded(), StringComparison.Ordinal);
        Assert.Equal(instance, await InstanceAsync());
        JsonNode refused = (await watched.EventsAsync()).First(e => (string?)e["objectRef"]?["subresource"] == "tunnel" && (int?)e["responseStatus"]?["code"] == 409);
        Assert.Equal((user, "twice"), ((string?)refused["user"]!["username"], (string?)refused["objectRef"]!["name"]));
        Assert.Matches("^[0-9a-f]{10}$", (string?)refused["annotations"]!["orrery.dev/satellite-instance"]);
        Assert.NotEqual(instance, (string?)refused["annotations"]!["orrery.dev/satellite-instance"]);
        Assert.DoesNotContain("TunnelTakenOver", await ReasonsAsync("twice"), StringComparison.Ordinal);
        first.Dispose();

        // 2. The first was killed: the next has its place, and is no second one any more.
        instance = await TakenOverAsync(instance);
        await Eventually.EqualsAsync("", DuplicatedAsync, Limit);
        await WorksAsync(2);

        // 3. So it is where it stands still; it stands by when it goes on.
        using SatelliteProcess third = SatelliteProcess.Start("twice", cluster.File("token.kubeconfig"));
        await Eventually.HoldsAsync(() => Task.FromResult(third.TimesSaid(Standby) == 1), Limit);
        second.Pause();
        try
        {
            instance = await TakenOverAsync(instance);
        }
        finally
        {
            second.Continue();
        }

        await Eventually.HoldsAsync(() => Task.FromResult(second.TimesSaid(Standby) == 2), Limit);
        await WorksAsync(3);
        Assert.Equal(instance, await InstanceAsync());
        second.Dispose();

        // 4. In another cluster the copy is not taken up, and by a token of that data plane it is not let in beside the one that it is.
        await thief.RunAsync("apply -f -", (await watched.OrreryAsync("data-plane", "token", "twice")).Succeeded());
        JsonNode secret = JsonNode.Parse(await owner.RunAsync("get secret orrery-satellite -n orrery-system -o json"))!;
        secret["metadata"] = new JsonObject { ["name"] = "orrery-satellite", ["namespace"] = "orrery-system" };
        await thief.RunAsync("apply -f -", secret.ToJsonString());
        using SatelliteProcess copy = SatelliteProcess.Start("twice", elsewhere.KubectlWith((await thief.RunAsync("create token orrery-satellite -n orrery-system --duration 2h")).Trim()).Kubeconfig);
        await Eventually.EqualsAsync("True OtherCluster", () => watched.Root.RunAsync("get dataplane twice -o 'jsonpath={range .status.conditions[?(@.type==\"JoinRefused\")]}{.status} {.reason}{end}'"), Limit);
        await Eventually.ContainsAsync("OtherCluster", () => ReasonsAsync("twice"), Limit);
        Assert.Equal("True", await watched.Root.RunAsync("get dataplane twice -o 'jsonpath={range .status.conditions[?(@.type==\"Ready\")]}{.status}{end}'"));
        JsonNode denied = (await watched.EventsAsync()).Last(e => (string?)e["objectRef"]?["subresource"] == "approval" && (string?)e["requestObject"]?["status"]?["conditions"]?[0]?["reason"] == "OtherCluster");
        JsonNode asked = (await watched.EventsAsync()).Single(e => IsOf(e, (string)denied["objectRef"]!["name"]!, "create", null));
        Assert.StartsWith("system:serviceaccount:dp-twice:join-", (string)asked["user"]!["username"]!, StringComparison.Ordinal);
        await watched.Root.RunAsync("delete dataplane twice --wait=false");

        // A change in the cluster is reported.
        async Task WorksAsync(int nodes)
        {
            await owner.RunAsync("create -f -", $$"""{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "twice-{{nodes}}"} }""");
            await Eventually.EqualsAsync($"{nodes}", () => watched.Root.RunAsync("get dataplane twice -o jsonpath={.status.nodes.total}"), Limit);
        }
    }

    private Task<string> InstanceAsync() => watched.Root.RunAsync("get dataplane twice -o jsonpath={.status.satelliteInstance}");

    private Task<string> DuplicatedAsync() => watched.Root.RunAsync("get dataplane twice -o 'jsonpath={range .status.conditions[?(@.type==\"Duplicated\")]}{.reason} {.message}{end}'");

    /// <summary>Another process than that one reports.</summary>
    /// <returns>Which one.</returns>
    private async Task<string> TakenOverAsync(string former)
    {
        await Eventually.HoldsAsync(async () => await InstanceAsync() is { Length: > 0 } now && now != former, Limit);
        return await InstanceAsync();
    }

    private Task<string> ReasonsAsync(string dataPlane) => watched.Root.RunAsync($"get events --field-selector involvedObject.kind=DataPlane,involvedObject.name={dataPlane} -o jsonpath={{.items[*].reason}}");

    private Task<string> UidAsync(string dataPlane) => watched.Root.RunAsync($"get dataplane {dataPlane} -o jsonpath={{.metadata.uid}}");

    private static bool IsOf(JsonNode e, string name, string? verb, string? subresource) =>
        (string?)e["objectRef"]?["resource"] == "certificatesigningrequests" && (string?)e["objectRef"]?["name"] == name && (string?)e["objectRef"]?["subresource"] == subresource
        && (verb is null || (string?)e["verb"] == verb) && (string?)e["stage"] == "ResponseComplete";

    [GeneratedRegex("token: *\"?([^\"} ]+)")]
    private static partial Regex TokenLine();
}
