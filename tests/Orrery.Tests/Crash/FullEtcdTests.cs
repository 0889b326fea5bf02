using System.Net.Http;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Tests.Crash;

/// <summary>A real etcd that is really full: it raises its alarm, writes are refused with what is the matter, and go on once the operator has made room.</summary>
public sealed class FullEtcdTests : IDisposable
{
    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");

    private readonly TempDirectory folder = new();
    private readonly List<IDisposable> parts = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        foreach (IDisposable part in Enumerable.Reverse(parts))
        {
            part.Dispose();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task Etcd_Full_RefusesWritesUntilItIsCompactedDefragmentedAndDisarmed()
    {
        if (EtcdMember.Program is null)
        {
            Assert.Skip("etcd is not on PATH (Debian package etcd-server)");
        }

        EtcdMember etcd = EtcdMember.StartCluster(1, folder.Path, options: ["--quota-backend-bytes", $"{16 << 20}"])[0];
        parts.Add(etcd);
        var server = new ServeProcess(
            Repository.Program, Path.Combine(folder.Path, "one"), FreePort.Take(), ["--etcd", etcd.Client.ToString().TrimEnd('/')], TimeProvider.System);
        parts.Add(server);
        server.Start();
        await server.ReadyAsync(Token);
        using KubeClient client = server.Admin();

        // 1. One object, over and over, until what it was before fills the quota.
        int written = 0;
        StatusException? full = null;
        for (; full is null; written++)
        {
            Assert.True(written < 500, "etcd does not fill");
            full = await TryAsync(client, written);
        }

        Assert.Equal((507, "InsufficientStorage"), (full.Code, full.Status.Reason));
        Assert.Contains("the store is full; nothing was changed", full.Message);

        // 2. Reads go on: the last that was acknowledged.
        int last = written - 2;
        Assert.Equal($"{last}", (await client.GetAsync(ConfigMaps, "default", "fat", Token)).TextAt("data", "n"));
        Assert.Equal(507, (await TryAsync(client, 0))!.Code);

        // 3. Room, as its operator makes it; the server is the same.
        using var http = new HttpClient { BaseAddress = etcd.Client };
        await PostAsync(http, "kv/compaction", new JsonObject { ["revision"] = (await PostAsync(http, "kv/range", new JsonObject { ["key"] = "AA==" }))["header"]!["revision"]!.GetValue<string>(), ["physical"] = true });
        await PostAsync(http, "maintenance/defragment", []);
        JsonObject alarms = await PostAsync(http, "maintenance/alarm", new JsonObject { ["action"] = "GET" });
        await PostAsync(http, "maintenance/alarm", new JsonObject { ["action"] = "DEACTIVATE", ["alarm"] = "NOSPACE", ["memberID"] = Assert.Single(alarms["alarms"]!.AsArray())!["memberID"]!.GetValue<string>() });
        await Eventually.TrueAsync(async () => await TryAsync(client, 1_000) is null, "writes go on", TimeSpan.FromSeconds(60), Token);
        Assert.Equal("1000", (await client.GetAsync(ConfigMaps, "default", "fat", Token)).TextAt("data", "n"));
        Assert.True(server.IsRunning);
    }

    /// <summary>Null: it was written.</summary>
    private static async Task<StatusException?> TryAsync(KubeClient client, int number)
    {
        var body = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = new JsonObject { ["name"] = "fat" }, ["data"] = new JsonObject { ["n"] = $"{number}", ["v"] = new string('x', 500_000) } };
        try
        {
            _ = number == 0 && await client.FindAsync(ConfigMaps, "default", "fat", Token) is null
                ? await client.CreateAsync(ConfigMaps, "default", body, Token)
                : await client.UpdateAsync(ConfigMaps, "default", "fat", body, Token);
            return null;
        }
        catch (StatusException refusal)
        {
            return refusal;
        }
    }

    private static async Task<JsonObject> PostAsync(HttpClient http, string path, JsonObject body)
    {
        using HttpResponseMessage answer = await http.PostAsJsonAsync($"/v3/{path}", body, Token);
        string text = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {text}");
        return JsonNode.Parse(text)!.AsObject();
    }
}
