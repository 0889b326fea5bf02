using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Testing;

namespace Orrery.Server.Tests.Handlers;

/// <summary>
/// Many watchers of different selections, starts and ends, over HTTP/2, and clients that take nothing for a while among them. Each must be told what a list of all changes says
/// that it is to be told, in order, without gap or repeat.
/// </summary>
public sealed class WatchCrowdTests : IAsyncLifetime
{
    private const int Watchers = 240;
    private const int Changes = 240;
    private const string End = "o-end";

    /// <summary>In so many bytes of what it is told a client that takes nothing has come to the end of its window.</summary>
    private const int Window = 65535;

    private static readonly TimeSpan Long = TimeSpan.FromMinutes(2);
    private static readonly ClusterName[] Clusters = [new("acme", "shop"), new("acme", "bank")];
    private static readonly string[] Namespaces = ["default", "kube-public"];

    private TestServer server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        // Nobody is cut off here, however long the machine takes.
        server = await TestServer.StartAsync(new TestServerOptions { Configure = options => options with { Patience = 10 * Long } }, Cancel);
        await server.Admin.CreateAsync(ServerFixture.Namespaces, "", ServerFixture.Named("acme"), Cancel);
        foreach (ClusterName cluster in Clusters)
        {
            await server.Admin.CreateAsync(OrreryResources.LogicalClusters, cluster.Namespace, ServerFixture.Named(cluster.Name), Cancel);
        }
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Watch_ByMany_EachIsToldWhatItsSelectionHasSeen(int seed)
    {
        var random = new Random(seed);
        HttpClient[] clients = [.. Clusters.Select(Client)];
        var history = new List<Change>();
        string first = await RevisionAsync(clients[0]);
        var reading = new List<(Watcher Watcher, Task<List<string>> Told)>();
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            var state = new Dictionary<(int, string, string), (string Value, string Label)>();
            for (int i = 0; i < Changes; i++)
            {
                // A quarter of them begin before the first change, the others at any time, from any time before.
                for (int more = i == 0 ? Watchers / 4 : random.Next(8); more > 0 && reading.Count < Watchers; more--)
                {
                    Watcher watcher = Any(random, history);
                    reading.Add((watcher, ReadAsync(watcher, clients[watcher.Cluster], watcher.After < 0 ? first : history[watcher.After].Revision!, goOn.Task)));
                }

                history.Add(await ChangeAsync(random, clients, state, i));
            }

            for (int cluster = 0; cluster < Clusters.Length; cluster++)
            {
                foreach (string ns in Namespaces)
                {
                    history.Add(await PutAsync(clients[cluster], new Change(cluster, ns, End, "end", "1", null, null, null), isNew: true));
                }
            }

            // Those who took nothing are told by now as much as fits, and the rest waits for them.
            foreach ((Watcher watcher, Task<List<string>> told) in reading.Where(r => !r.Watcher.Pauses))
            {
                Compare(watcher, history, await told.WaitAsync(Long, Cancel));
            }

            goOn.SetResult();
            foreach ((Watcher watcher, Task<List<string>> told) in reading.Where(r => r.Watcher.Pauses))
            {
                Compare(watcher, history, await told.WaitAsync(Long, Cancel));
            }
        }
        finally
        {
            goOn.TrySetResult();
            foreach (HttpClient client in clients)
            {
                client.Dispose();
            }
        }
    }

    private static void Compare(Watcher watcher, List<Change> history, List<string> told)
    {
        string[] expected = [.. history.Skip(watcher.After + 1).Select(watcher.Sees).OfType<string>()];
        Assert.Equal(watcher.Most is { } most ? expected.Take(most) : expected, told);
    }

    private static Watcher Any(Random random, List<Change> history)
    {
        int after = history.Count == 0 ? -1 : random.Next(-1, history.Count);

        // A deletion's answer does not say at which revision it was.
        while (after >= 0 && history[after].Revision is null)
        {
            after--;
        }

        return new Watcher(
            random.Next(Clusters.Length),
            random.Next(3) is < 2 and var ns ? Namespaces[ns] : null,
            random.Next(3) == 0 ? "1" : null,
            random.Next(4) == 0 ? "o3" : null,
            after,
            random.Next(5) == 0 ? random.Next(1, 12) : null,
            Pauses: random.Next(8) == 0);
    }

    private static async Task<Change> ChangeAsync(Random random, HttpClient[] clients, Dictionary<(int, string, string), (string Value, string Label)> state, int number)
    {
        int cluster = random.Next(Clusters.Length);
        (int, string Ns, string Name) key = (cluster, Namespaces[random.Next(Namespaces.Length)], "o" + random.Next(6).ToString(CultureInfo.InvariantCulture));
        bool isThere = state.Remove(key, out (string Value, string Label) before);
        if (isThere && random.Next(4) == 0)
        {
            using HttpResponseMessage gone = await clients[cluster].DeleteAsync($"{Path(key.Ns)}/{key.Name}", Cancel);
            Assert.Equal(HttpStatusCode.OK, gone.StatusCode);
            return new Change(cluster, key.Ns, key.Name, null, null, before.Value, before.Label, null);
        }

        (string Value, string Label) now = (number.ToString(CultureInfo.InvariantCulture), random.Next(1, 3).ToString(CultureInfo.InvariantCulture));
        state[key] = now;
        return await PutAsync(clients[cluster], new Change(cluster, key.Ns, key.Name, now.Value, now.Label, isThere ? before.Value : null, isThere ? before.Label : null, null), !isThere);
    }

    private static async Task<Change> PutAsync(HttpClient client, Change change, bool isNew)
    {
        JsonObject json = ServerFixture.ConfigMap(change.Name, change.Value!, ("w", change.Label!));
        ((JsonObject)json["data"]!)["filler"] = new string('x', 2048);
        using var body = new StringContent(json.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = isNew ? await client.PostAsync(Path(change.Ns), body, Cancel) : await client.PutAsync($"{Path(change.Ns)}/{change.Name}", body, Cancel);
        Assert.Equal(isNew ? HttpStatusCode.Created : HttpStatusCode.OK, answer.StatusCode);
        return change with { Revision = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!["metadata"]!["resourceVersion"]! };
    }

    /// <returns>What it was told, up to where it ends.</returns>
    private static async Task<List<string>> ReadAsync(Watcher watcher, HttpClient client, string from, Task goOn)
    {
        string path = watcher.Ns is null ? "api/v1/configmaps" : Path(watcher.Ns);
        string selectors = (watcher.Label is null ? "" : $"&labelSelector=w%3D{watcher.Label}") + (watcher.NotName is null ? "" : $"&fieldSelector=metadata.name!%3D{watcher.NotName}");
        using HttpResponseMessage answer = await client.GetAsync($"{path}?watch=true&resourceVersion={from}{selectors}", HttpCompletionOption.ResponseHeadersRead, Cancel);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        if (watcher.Pauses)
        {
            await goOn;
        }

        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancel));
        var told = new List<string>();
        int ends = 0;
        while (ends < (watcher.Ns is null ? Namespaces.Length : 1) && told.Count < (watcher.Most ?? int.MaxValue))
        {
            JsonNode line = JsonNode.Parse(await lines.ReadLineAsync(Cancel) ?? throw new InvalidOperationException($"{watcher} has ended after {told.Count}"))!;
            JsonNode item = line["object"]!;
            string name = (string)item["metadata"]!["name"]!;

            // Each namespace gets objects of the server's own as well.
            if (name.StartsWith('o'))
            {
                told.Add(Words((string)line["type"]!, (string)item["metadata"]!["namespace"]!, name, (string)item["data"]!["k"]!));
                ends += name == End ? 1 : 0;
            }
        }

        return told;
    }

    private static async Task<string> RevisionAsync(HttpClient client) =>
        (string)JsonNode.Parse(await client.GetStringAsync(Path("default"), Cancel))!["metadata"]!["resourceVersion"]!;

    private static string Path(string ns) => $"api/v1/namespaces/{ns}/configmaps";

    private static string Words(string type, string ns, string name, string value) => $"{type} {ns}/{name} {value}";

    private HttpClient Client(ClusterName cluster)
    {
        var handler = new SocketsHttpHandler { InitialHttp2StreamWindowSize = Window };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        var http = new HttpClient(handler)
        {
            BaseAddress = new Uri(server.Url, cluster.PathPrefix + "/"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        http.DefaultRequestHeaders.Authorization = new("Bearer", server.AdminToken(cluster));
        return http;
    }

    /// <param name="Value">Null where it was deleted.</param>
    /// <param name="OldValue">Null where it is new.</param>
    /// <param name="Revision">Null where it is not known.</param>
    private sealed record Change(int Cluster, string Ns, string Name, string? Value, string? Label, string? OldValue, string? OldLabel, string? Revision);

    /// <param name="Ns">Null for all.</param>
    /// <param name="Label">Null for any.</param>
    /// <param name="NotName">Null for none.</param>
    /// <param name="After">Number of the change that it comes after.</param>
    /// <param name="Most">After so many it goes; null where it stays to the end.</param>
    /// <param name="Pauses">Takes nothing before it is let go on.</param>
    private sealed record Watcher(int Cluster, string? Ns, string? Label, string? NotName, int After, int? Most, bool Pauses)
    {
        /// <returns>Null where it is not told of it.</returns>
        public string? Sees(Change change)
        {
            if (change.Cluster != Cluster || (Ns is not null && change.Ns != Ns) || change.Name == NotName)
            {
                return null;
            }

            bool isIn = change.Value is not null && (Label is null || change.Label == Label);
            bool wasIn = change.OldValue is not null && (Label is null || change.OldLabel == Label);
            return isIn ? Words(wasIn ? "MODIFIED" : "ADDED", change.Ns, change.Name, change.Value!)
                : wasIn ? Words("DELETED", change.Ns, change.Name, change.OldValue!)
                : null;
        }
    }
}
