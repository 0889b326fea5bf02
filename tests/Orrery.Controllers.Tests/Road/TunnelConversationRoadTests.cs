using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Hub;
using Orrery.Satellite.Tunnel;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>
/// What servers of this version and of former ones ask through a tunnel, and how it is answered, lies as text beside what satellites ask (<see cref="ConversationRoadTests"/>): satellites are
/// older than their server, or newer, for weeks. <c>ORRERY_RECORD</c> names a folder into which it is written anew.
/// </summary>
public sealed class TunnelConversationRoadTests
{
    private const string Text = "tunnel.txt", DataPlane = "pa2-par", Protocol = "Upgrade";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly string[] Kubelets = ["log", "exec", "attach", "portforward", "proxy"];

    private static readonly KeyValuePair<string, string>[] Spdy = [new("Connection", "Upgrade"), new("Upgrade", "SPDY/3.1"), new("X-Stream-Protocol-Version", "v4.channel.k8s.io")];

    public static TheoryData<string> Versions =>
        [.. Directory.GetFiles(ConversationRoadTests.Folder, Text, SearchOption.AllDirectories).Select(f => Path.GetFileName(Path.GetDirectoryName(f))!).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task Server_AsksNothingThatIsNotRecorded()
    {
        await using TestFleet fleet = await TestFleet.StartAsync([.. Kubelets.Select(k => new TestKubelet(k))], DataPlane);
        KubeClient shop = await StreamedPod.OpenAsync(fleet);
        await fleet.StopSatelliteAsync(DataPlane);

        // Figures are asked for where there are some.
        await fleet.Root.PatchAsync(OrreryResources.DataPlanes, "", DataPlane, PatchKind.Merge, new System.Text.Json.Nodes.JsonObject { ["status"] = new System.Text.Json.Nodes.JsonObject { ["metrics"] = true } }, default, "status");
        SortedDictionary<string, SortedDictionary<string, string>> asked = await AskAllAsync(fleet, shop);

        if (Environment.GetEnvironmentVariable("ORRERY_RECORD") is { Length: > 0 } folder)
        {
            fleet.StartSatellite(DataPlane);
            var text = new StringBuilder();
            foreach ((string key, SortedDictionary<string, string> headers) in asked)
            {
                text.Append(key).Append('\n').Append("  ").Append((int)await ReplayAsync(fleet, key, headers)).Append('\n');
                foreach ((string name, string value) in headers)
                {
                    text.Append("  ").Append(name).Append(": ").Append(value).Append('\n');
                }
            }

            await File.WriteAllTextAsync(Path.Combine(folder, Text), text.ToString());
            return;
        }

        var known = Read(Versions.Last().Data).ToDictionary(r => r.Key, r => r.Headers);
        Assert.Empty(asked.Keys.Except(known.Keys, StringComparer.Ordinal));
        Assert.All(asked, a => Assert.Equal(known[a.Key], a.Value));
        Assert.Contains(asked.Keys, k => k.StartsWith("CONNECT ", StringComparison.Ordinal));
        Assert.Contains(asked.Keys, k => k.StartsWith("POST ", StringComparison.Ordinal));
        Assert.Contains(asked.Keys, k => k.Contains("/metrics.k8s.io/", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Satellite_AnswersWhatAFormerServerAsks(string version)
    {
        await using TestFleet fleet = await TestFleet.StartAsync([.. Kubelets.Select(k => new TestKubelet(k))], DataPlane);
        await StreamedPod.OpenAsync(fleet);
        List<string> otherwise = [];
        foreach ((string key, HttpStatusCode code, SortedDictionary<string, string> headers) in Read(version))
        {
            HttpStatusCode answer = await ReplayAsync(fleet, key, headers);
            if (answer != code)
            {
                otherwise.Add($"{(int)answer} instead of {(int)code}: {key}");
            }
        }

        Assert.Empty(otherwise);
    }

    /// <summary>Has the server ask all that it ever asks, of one that notes it down.</summary>
    private static async Task<SortedDictionary<string, SortedDictionary<string, string>>> AskAllAsync(TestFleet fleet, KubeClient shop)
    {
        var asked = new SortedDictionary<string, SortedDictionary<string, string>>(StringComparer.Ordinal);
        using var stop = new CancellationTokenSource();
        using var satellite = new KubeClient(fleet.ControlPlane.Config(fleet.ControlPlane.Certificate(OrreryNames.SatelliteUser(DataPlane), [OrreryNames.SatelliteGroup], ClusterScope.Root)));
        await using TunnelServer server = await TunnelServer.StartAsync(http => NoteAsync(http, asked), fleet.Loggers, stop.Token);
        Stream connection = await new TunnelDial(satellite, DataPlane, "recorded", TimeProvider.System).OpenAsync(stop.Token);
        Task serving = server.ServeAsync(connection, stop.Token);
        await Eventually.TrueAsync(() => fleet.Hub.Connected.Contains(DataPlane), "it is connected", Limit);
        await Eventually.TrueAsync(async () => (await shop.GetTextAsync("/apis", stop.Token)).Contains("metrics.k8s.io", StringComparison.Ordinal), "figures are served", Limit);
        const string Figures = "/apis/metrics.k8s.io/v1beta1", Proxied = "/apis/orrery.dev/v1alpha1/dataplanes/pa2-par/proxy";
        foreach (string path in (string[])[
            StreamedPod.Path + "/log?container=c&follow=true", StreamedPod.Path + "/proxy/some/page?query=1", StreamedPod.Path + ":8080/proxy/", $"{Figures}/pods", $"{Figures}/nodes", $"{Figures}/namespaces/default/pods"])
        {
            using HttpResponseMessage answer = await shop.ForwardAsync(HttpMethod.Get, path, [], false, stop.Token);
        }

        foreach (string stream in (string[])["exec?command=cat&stdin=true", "attach?stdin=true", "portforward?ports=80", "proxy/socket"])
        {
            using HttpResponseMessage answer = await StreamedPod.AskAsync(shop, HttpMethod.Get, stream);
            using HttpResponseMessage older = await shop.ForwardAsync(HttpMethod.Post, $"{StreamedPod.Path}/{stream}", Spdy, true, stop.Token);
        }

        using (var body = new StringContent("{}", Encoding.UTF8, "application/json"))
        using (HttpResponseMessage answer = await shop.ForwardAsync(HttpMethod.Post, StreamedPod.Path + "/proxy/form", [], false, stop.Token, body))
        {
        }

        foreach ((HttpMethod method, string path) in ((HttpMethod, string)[])[
            (HttpMethod.Get, "/api/v1/namespaces?limit=1"), (HttpMethod.Get, "/version"), (HttpMethod.Delete, "/api/v1/namespaces/default/configmaps/absent")])
        {
            using HttpResponseMessage answer = await fleet.Root.ForwardAsync(method, Proxied + path, [], false, stop.Token);
        }

        using (HttpResponseMessage answer = await fleet.Root.ForwardAsync(HttpMethod.Post, $"{Proxied}/api/v1/namespaces/{StreamedPod.Mapped}/pods/web-1/exec?command=cat&stdin=true", Spdy, true, stop.Token))
        {
        }

        await stop.CancelAsync();
        await serving;
        lock (asked)
        {
            return asked;
        }
    }

    private static async Task NoteAsync(HttpContext http, SortedDictionary<string, SortedDictionary<string, string>> asked)
    {
        string? protocol = http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect ? connect.Protocol : null;
        var headers = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in http.Request.Headers.Where(h => h.Key != "Host" && h.Key[0] != ':'))
        {
            headers[name] = values.ToString();
        }

        if (protocol is not null)
        {
            headers[Protocol] = protocol;
        }

        lock (asked)
        {
            asked[$"{(protocol is null ? http.Request.Method : "CONNECT")} {http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget}{(protocol is null ? "" : " " + protocol)}"] = headers;
        }

        if (protocol is not null)
        {
            await using Stream stream = await http.Features.GetRequiredFeature<IHttpExtendedConnectFeature>().AcceptAsync();
            return;
        }

        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync("""{"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []}""");
    }

    /// <summary>Asks the real satellite the same.</summary>
    private static async Task<HttpStatusCode> ReplayAsync(TestFleet fleet, string key, SortedDictionary<string, string> headers)
    {
        string[] parts = key.Split(' ');
        var client = new DefaultHttpContext();
        client.Request.Method = parts[0];
        client.Features.Set<IHttpUpgradeFeature>(new Upgradable());
        foreach ((string name, string value) in headers.Where(h => h.Key != StreamHeaderNames.AskedBy))
        {
            client.Request.Headers[name] = value;
        }

        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        await Eventually.TrueAsync(() => fleet.Hub.Connected.Contains(DataPlane), "it is connected", Limit);
        var request = new TunnelRequest(DataPlane, parts[1], "it is in", Uri.UnescapeDataString(headers.GetValueOrDefault(StreamHeaderNames.AskedBy) ?? "")) { Stream = parts[0] == "CONNECT" ? PassedStream.Of(client) : null, IsProxy = parts[0] != "CONNECT" };
        using HttpResponseMessage answer = await fleet.Hub.Find(DataPlane)!.SendAsync(request, client, limit.Token);
        return answer.StatusCode;
    }

    private static List<(string Key, HttpStatusCode Code, SortedDictionary<string, string> Headers)> Read(string version)
    {
        var read = new List<(string, HttpStatusCode, SortedDictionary<string, string>)>();
        foreach (string part in ("\n" + File.ReadAllText(Path.Combine(ConversationRoadTests.Folder, version, Text))).Replace("\n  ", "\t", StringComparison.Ordinal).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = part.Split('\t');
            read.Add((lines[0], (HttpStatusCode)int.Parse(lines[1], System.Globalization.CultureInfo.InvariantCulture), new SortedDictionary<string, string>(
                lines.Skip(2).ToDictionary(l => l[..l.IndexOf(':', StringComparison.Ordinal)], l => l[(l.IndexOf(':', StringComparison.Ordinal) + 2)..]), StringComparer.OrdinalIgnoreCase)));
        }

        return read;
    }

    /// <summary>A connection that could switch protocols; nobody has it do so here.</summary>
    private sealed class Upgradable : IHttpUpgradeFeature
    {
        public bool IsUpgradableRequest => true;

        public Task<Stream> UpgradeAsync() => throw new NotSupportedException();
    }
}
