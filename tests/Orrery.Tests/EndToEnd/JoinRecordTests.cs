using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

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

    private Task<string> UidAsync(string dataPlane) => watched.Root.RunAsync($"get dataplane {dataPlane} -o jsonpath={{.metadata.uid}}");

    private static bool IsOf(JsonNode e, string name, string? verb, string? subresource) =>
        (string?)e["objectRef"]?["resource"] == "certificatesigningrequests" && (string?)e["objectRef"]?["name"] == name && (string?)e["objectRef"]?["subresource"] == subresource
        && (verb is null || (string?)e["verb"] == verb) && (string?)e["stage"] == "ResponseComplete";

    [GeneratedRegex("token: *\"?([^\"} ]+)")]
    private static partial Regex TokenLine();
}
