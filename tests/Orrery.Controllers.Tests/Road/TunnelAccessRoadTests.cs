using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Audit;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>Who may do what with a pod of a virtual cluster, right by right, and what is written down of those who did.</summary>
public sealed class TunnelAccessRoadTests : IDisposable
{
    private const string Spoken = "spoken-through-the-tunnel";

    /// <summary>What is asked, the rights that it takes, and how it is answered. A stream takes the right to create, also where it opens with a GET.</summary>
    private static readonly (string Method, string Asked, string Resource, string[] Verbs, int Code)[] All =
    [
        ("GET", "log", "pods/log", ["get"], 200), ("GET", "exec?command=cat&stdin=true", "pods/exec", ["get", "create"], 101), ("POST", "exec?command=cat&stdin=true", "pods/exec", ["create"], 101),
        ("GET", "attach?stdin=true", "pods/attach", ["get", "create"], 101), ("GET", "portforward?ports=80", "pods/portforward", ["get", "create"], 101),
        ("GET", "proxy/", "pods/proxy", ["get"], 207), ("POST", "proxy/", "pods/proxy", ["create"], 207), ("DELETE", "proxy/", "pods/proxy", ["delete"], 207),
    ];

    private static IEnumerable<(string Resource, string Verb)> Rights => All.SelectMany(a => a.Verbs, (a, verb) => (a.Resource, verb)).Distinct();

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("orrery-audit-");

    private static TestKubelet[] Kubelets => [.. ((string[])["log", "exec", "attach", "portforward", "proxy"]).Select(s => new TestKubelet(s))];

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Right_OfEachVerb_IsAskedForAlone()
    {
        await using TestFleet fleet = await TestFleet.StartAsync(Kubelets, "pa2-par");
        KubeClient shop = await StreamedPod.OpenAsync(fleet);
        using var jane = new KubeClient(fleet.ControlPlane.Config(token: fleet.ControlPlane.Token("jane", [], TestFleet.Shop), cluster: TestFleet.Shop));

        // 1. With none of them: refused, and said which.
        foreach ((string method, string asked, string resource, string[] verbs, int _) in All)
        {
            (int code, string text) = await AskAsync(jane, method, asked);
            Assert.Equal((403, $"pods \"web-1.pa2-par\" is forbidden: User \"jane\" cannot {verbs[0]} resource \"{resource}\" in API group \"\" in the namespace \"default\""), (code, MessageOf(text)));
        }

        // 2. With all but one: what takes that one is refused, and nothing else.
        foreach ((string Resource, string Verb) missing in Rights)
        {
            await StreamedPod.GrantAsync(shop, Rules(Rights.Where(r => r != missing)));
            foreach ((string method, string asked, string resource, string[] verbs, int answer) in All)
            {
                int wanted = resource == missing.Resource && verbs.Contains(missing.Verb) ? 403 : answer;
                await Eventually.TrueAsync(async () => (await AskAsync(jane, method, asked)).Code == wanted, $"{method} {asked} is answered {wanted} without {missing}");
            }
        }
    }

    [Fact]
    public async Task WhoAsked_AndWhere_StandInTheAuditLog_AndNothingOfWhatWasSaid()
    {
        string path = Path.Combine(folder.FullName, "audit.log");
        var audit = new AuditOptions { Policy = AuditPolicy.Parse("{apiVersion: audit.k8s.io/v1, kind: Policy, omitStages: [RequestReceived], rules: [{level: RequestResponse, resources: [{group: \"\"}]}]}"), Path = path };
        await using TestFleet fleet = await TestFleet.StartAsync(new TestFleetOptions { Kubelets = Kubelets, Audit = audit }, "pa2-par");
        KubeClient shop = await StreamedPod.OpenAsync(fleet);
        await StreamedPod.GrantAsync(shop, Rules(Rights));
        string token = fleet.ControlPlane.Token("jane", [], TestFleet.Shop);
        using var jane = new KubeClient(fleet.ControlPlane.Config(token: token, cluster: TestFleet.Shop));
        await Eventually.TrueAsync(async () => (await AskAsync(jane, "GET", "log?container=" + Spoken)).Code == 200, "logs once granted");

        // 1. What goes through streams, and through the proxy.
        foreach (string stream in (string[])["exec?command=cat&stdin=true", "attach?stdin=true", "portforward?ports=80"])
        {
            using ClientWebSocket socket = await StreamedPod.DialAsync(fleet, token, stream);
            await socket.SendAsync(Encoding.UTF8.GetBytes(Spoken), WebSocketMessageType.Binary, true, default);
            byte[] buffer = new byte[64];
            Assert.Equal(Spoken, Encoding.UTF8.GetString(buffer, 0, (await socket.ReceiveAsync(buffer, default)).Count));
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, default);
        }

        using (HttpResponseMessage answer = await jane.ForwardAsync(HttpMethod.Post, StreamedPod.Path + "/proxy/", [], upgrade: false, default, new StringContent($$"""{"body": "{{Spoken}}"}""", Encoding.UTF8, "application/json")))
        {
            Assert.Contains(Spoken, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await fleet.StopSatelliteAsync("pa2-par");
        await Eventually.TrueAsync(async () => (await AskAsync(jane, "GET", "exec?command=cat")).Code == 503, "the satellite is away");

        // 2. Each is there at its end: by whom, of which tenant, in which data plane.
        foreach ((string subresource, string verb, int code) in ((string, string, int)[])[("log", "get", 200), ("exec", "get", 101), ("attach", "get", 101), ("portforward", "get", 101), ("proxy", "create", 207), ("exec", "get", 503)])
        {
            await Eventually.TrueAsync(
                async () => (await EventsAsync(path)).Any(e =>
                    (string?)e["stage"] == "ResponseComplete" && (string?)e["verb"] == verb && (string?)e["objectRef"]?["subresource"] == subresource && (int?)e["responseStatus"]?["code"] == code
                    && (string?)e["objectRef"]?["name"] == "web-1.pa2-par" && (string?)e["user"]?["username"] == "jane"
                    && (string?)e["annotations"]?["orrery.dev/cluster"] == "acme/shop" && (string?)e["annotations"]?["orrery.dev/data-plane"] == "pa2-par"),
                $"{subresource} answered {code} in the audit log",
                TimeSpan.FromSeconds(60));
        }

        // 3. What was said is not; what a log was asked for is, as the address is.
        Assert.All((await EventsAsync(path)).Where(e => (string?)e["objectRef"]?["subresource"] is not "log"), e => Assert.DoesNotContain(Spoken, e.ToJsonString(), StringComparison.Ordinal));
        Assert.All((await EventsAsync(path)).Where(e => (string?)e["objectRef"]?["subresource"] is "log"), e => Assert.Null(e["responseObject"]));
        Assert.DoesNotContain(token, await ReadAsync(path), StringComparison.Ordinal);
    }

    private static string Rules(IEnumerable<(string Resource, string Verb)> rights) =>
        $"[{string.Join(',', rights.Select(r => $$"""{"apiGroups": [""], "resources": ["{{r.Resource}}"], "verbs": ["{{r.Verb}}"]}"""))}]";

    private static async Task<(int Code, string Text)> AskAsync(KubeClient client, string method, string asked)
    {
        using HttpResponseMessage answer = await StreamedPod.AskAsync(client, new HttpMethod(method), asked);
        return ((int)answer.StatusCode, (int)answer.StatusCode == 101 ? "" : await answer.Content.ReadAsStringAsync());
    }

    private static string MessageOf(string status) => (string?)JsonNode.Parse(status)?["message"] ?? status;

    private static async Task<List<JsonNode>> EventsAsync(string path)
    {
        var events = new List<JsonNode>();
        foreach (string line in (await ReadAsync(path)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                events.Add(JsonNode.Parse(line)!);
            }
            catch (JsonException)
            {
                // The last line may be half written.
            }
        }

        return events;
    }

    private static async Task<string> ReadAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync();
    }
}
