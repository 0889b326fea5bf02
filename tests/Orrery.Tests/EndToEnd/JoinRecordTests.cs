using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>Who was not let in stands in the control plane's audit log: as whom, what for, how it was answered, and nothing that is secret.</summary>
[Collection(WatchedCollection.Name)]
public sealed partial class JoinRecordTests(Watched watched)
{
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

    /// <summary>Two processes with one Secret in its cluster, and a copy of it in another: the one is seen and told of, the other gets nothing by it, and all of it is recorded with who it was.</summary>
    [Fact]
    public async Task SecondSatelliteUnderOneIdentity_IsToldOf_AndACopyElsewhereIsRefused_AllOfItRecorded()
    {
        Kubectl.Require();
        await using StandIn cluster = await StandIn.StartAsync(), elsewhere = await StandIn.StartAsync();
        Kubectl owner = cluster.KubectlAs("owner", "system:masters"), thief = elsewhere.KubectlAs("owner", "system:masters");
        using SatelliteProcess first = await TwoControlPlanesTests.JoinAsync(watched, "add", "twice", owner, cluster);
        string user = $"orrery:data-plane:twice:{await UidAsync("twice")}";

        // 1. In the same cluster nobody can tell which is the right one: both say so, and the tunnel goes from hand to hand in the record.
        using (SatelliteProcess second = SatelliteProcess.Start("twice", cluster.File("token.kubeconfig")))
        {
            await watched.Root.RunAsync("wait --for=condition=Duplicated dataplane/twice --timeout=120s");
            await Eventually.ContainsAsync("TunnelTakenOver", () => ReasonsAsync("twice"), TimeSpan.FromMinutes(2));
        }

        Assert.StartsWith("SecondSatellite ", await watched.Root.RunAsync("get dataplane twice -o 'jsonpath={range .status.conditions[?(@.type==\"Duplicated\")]}{.reason} {.message}{end}'"), StringComparison.Ordinal);
        List<JsonNode> events = await watched.EventsAsync();
        Assert.InRange(events.Count(e => (string?)e["user"]?["username"] == user && (string?)e["objectRef"]?["subresource"] == "tunnel" && (string?)e["stage"] == "ResponseStarted"), 5, int.MaxValue);

        // 2. In another cluster the copy is not taken up, and by a token of that data plane it is not let in beside the one that it is.
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
    }

    private Task<string> ReasonsAsync(string dataPlane) => watched.Root.RunAsync($"get events --field-selector involvedObject.kind=DataPlane,involvedObject.name={dataPlane} -o jsonpath={{.items[*].reason}}");

    private Task<string> UidAsync(string dataPlane) => watched.Root.RunAsync($"get dataplane {dataPlane} -o jsonpath={{.metadata.uid}}");

    private static bool IsOf(JsonNode e, string name, string? verb, string? subresource) =>
        (string?)e["objectRef"]?["resource"] == "certificatesigningrequests" && (string?)e["objectRef"]?["name"] == name && (string?)e["objectRef"]?["subresource"] == subresource
        && (verb is null || (string?)e["verb"] == verb) && (string?)e["stage"] == "ResponseComplete";

    [GeneratedRegex("token: *\"?([^\"} ]+)")]
    private static partial Regex TokenLine();
}
