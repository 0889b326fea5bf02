using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.Admission;

public sealed class DeviceTaintTests
{
    private static readonly GroupVersionResource Slices = new("resource.k8s.io", "v1", "resourceslices");

    [Fact]
    public async Task Write_OfATaintOfADevice_SaysSinceWhenWhereItsDriverDoesNot()
    {
        var time = new ShiftedTime();
        DateTimeOffset began = time.GetUtcNow();
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { TimeProvider = time }, ServerFixture.Token);
        var slice = (JsonObject)JsonNode.Parse("""
            {"metadata":{"name":"s"},"spec":{"driver":"x.example.com","nodeName":"n","pool":{"name":"p","resourceSliceCount":1},"devices":[
              {"name":"a","taints":[{"key":"broken","effect":"NoExecute"},{"key":"old","effect":"NoSchedule","timeAdded":"2026-01-01T00:00:00Z"}]},{"name":"b"}]}}
            """)!;

        KubeObject made = await server.Admin.CreateAsync(Slices, "", slice, ServerFixture.Token);
        string since = Times(made)[0];
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", since);
        Assert.InRange(Time(since), began - TimeSpan.FromSeconds(1), time.GetUtcNow());
        Assert.Equal([since, "2026-01-01T00:00:00Z"], Times(made));

        // One that comes later has its own time; the others keep theirs.
        time.Shift = TimeSpan.FromMinutes(5);
        JsonObject next = made.ToJsonObject();
        ((JsonArray)next.NodeAt("spec", "devices")![0]!["taints"]!).Add((JsonNode)new JsonObject { ["key"] = "hot", ["effect"] = "NoSchedule" });
        string[] times = Times(await server.Admin.UpdateAsync(Slices, "", "s", next, ServerFixture.Token));
        Assert.Equal([since, "2026-01-01T00:00:00Z"], times[..2]);
        Assert.True(Time(times[2]) >= Time(since) + TimeSpan.FromMinutes(5));
    }

    private static string[] Times(KubeObject slice) =>
        [.. slice.At("spec", "devices")!.Value[0].GetProperty("taints").EnumerateArray().Select(t => t.GetProperty("timeAdded").GetString()!)];

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
