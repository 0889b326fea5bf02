using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client.Tests.Support;
using Orrery.Testing;

namespace Orrery.Client.Tests.Runtime;

public sealed class EventRecorderTests
{
    [Fact]
    public async Task Record_SameThingTwice_CountsOnTheFirstEvent()
    {
        // The event is there when it is counted first, and has expired when it is counted again.
        int counted = 0;
        await using ScriptedServer server = await ScriptedServer.StartAsync(c => c.Request.Method == "PATCH" && Interlocked.Increment(ref counted) > 1
            ? ScriptedServer.JsonAsync(c, ApiErrors.NotFound(new GroupResource("", "events"), "e").Status.ToJson().ToJsonString(), 404)
            : ScriptedServer.JsonAsync(c, "{}"));
        using var client = new KubeClient(server.Config);
        var recorder = new EventRecorder(client, "orrery", new ManualTime());
        using var stop = new CancellationTokenSource();
        Task running = recorder.RunAsync(stop.Token);
        KubeObject about = KubeObject.Parse("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"clusterName":"acme/shop","name":"web","namespace":"ns","uid":"u1"}}"""u8);

        recorder.Normal(about, "Placed", "on 3 data planes");
        recorder.Normal(about, "Placed", "on 3 data planes");
        await Until.TrueAsync(() => server.Requests.Count == 2, "create and count");
        recorder.Normal(about, "Placed", "on 3 data planes");
        await Until.TrueAsync(() => server.Requests.Count == 4, "counted in vain, then said anew");
        await stop.CancelAsync();
        await running;

        var requests = server.Requests.ToArray();
        Assert.Equal(["POST", "PATCH", "PATCH", "POST"], requests.Select(r => r.Method));
        Assert.Equal("/clusters/acme/shop/api/v1/namespaces/ns/events", requests[0].Url);
        JsonObject made = JsonNode.Parse(requests[0].Body)!.AsObject();
        Assert.Equal("""{"apiVersion":"apps/v1","kind":"Deployment","name":"web","uid":"u1","namespace":"ns"}""", made["involvedObject"]!.ToJsonString());
        Assert.Equal("""{"count":2,"lastTimestamp":"2026-01-01T00:00:00Z"}""", requests[1].Body);
        Assert.EndsWith("/events/" + made.Name, requests[1].Url, StringComparison.Ordinal);
    }
}
