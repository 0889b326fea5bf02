using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Tests.Fleet;

/// <summary>However many tenants and data planes there are, what is told of them has a bound.</summary>
public sealed class FleetMetricsTests : IDisposable
{
    private readonly KubeClient nobody = new(new ClientConfig(new Uri("https://127.0.0.1:1/"), [], null, null), TimeProvider.System);
    private readonly ControllerContext context;

    public FleetMetricsTests() => context = new ControllerContext(nobody, new ControllersOptions { Api = new ClientConfig(new Uri("https://127.0.0.1:1/"), [], null, null) });

    public void Dispose() => nobody.Dispose();

    [Fact]
    public void Tenants_PastTheBound_AreTheLargestByNameAndTheOthersTogether()
    {
        const int Many = FleetMetrics.MostTenants + 50;
        Fill(OrreryResources.Tenancies, Enumerable.Range(1, Many).Select(i => Made("Tenancy", $"t{i:000}", "dp-a", new JsonObject
        {
            ["usage"] = new JsonObject { ["requested"] = new JsonObject { ["cpu"] = $"{i}", ["pods"] = "1" }, ["used"] = new JsonObject { ["cpu"] = $"{i}00m" } },
        })));

        ILookup<string, (string Labels, double Value)> told = Told();

        Dictionary<string, double> cores = told["orrery_tenant_requested"].Where(s => s.Labels.EndsWith(",resource=cpu", StringComparison.Ordinal)).ToDictionary(s => s.Labels, s => s.Value);
        Assert.Equal(FleetMetrics.MostTenants + 1, cores.Count);
        Assert.Equal(Many, cores[$"tenant=t{Many:000},resource=cpu"]);
        Assert.Equal(51, cores["tenant=t051,resource=cpu"]);
        Assert.Equal(50 * 51 / 2, cores["tenant=others,resource=cpu"]);
        Assert.Equal(50, told["orrery_tenant_requested"].Single(s => s.Labels == "tenant=others,resource=pods").Value);
        Assert.Equal(FleetMetrics.MostTenants + 1, told["orrery_tenant_used"].Count());
        Assert.Equal(50 * 51 / 20.0, told["orrery_tenant_used"].Single(s => s.Labels == "tenant=others,resource=cpu").Value, 6);
    }

    [Fact]
    public void DataPlanes_PastTheBound_AreThoseThatAreNotWellFirstAndTheOthersTogether()
    {
        const int Many = FleetMetrics.MostDataPlanes + 10;
        Fill(OrreryResources.DataPlanes, Enumerable.Range(1, Many).Select(i => Made("DataPlane", $"d{i:000}", "", new JsonObject
        {
            ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = i == Many ? "Unknown" : "True" }),
            ["tenants"] = new JsonArray([.. Enumerable.Range(0, i == 1 ? 3 : 1).Select(t => (JsonNode)$"t{t}")]),
        })));

        ILookup<string, (string Labels, double Value)> told = Told();

        Assert.Equal(FleetMetrics.MostDataPlanes + 1, told["orrery_data_plane_ready"].Count());
        Assert.Equal(($"data_plane=d{Many:000}", 0.0), told["orrery_data_plane_ready"].Single(s => s.Value == 0));
        Assert.Equal(1, told["orrery_data_plane_ready"].Single(s => s.Labels == "data_plane=others").Value);
        Assert.Equal(FleetMetrics.MostDataPlanes + 1, told["orrery_data_plane_tenants"].Count());
        Assert.Equal(3, told["orrery_data_plane_tenants"].Single(s => s.Labels == "data_plane=d001").Value);
        Assert.Equal(10, told["orrery_data_plane_tenants"].Single(s => s.Labels == "data_plane=others").Value);
        Assert.Equal([("status=True", Many - 1.0), ("status=Unknown", 1.0)], told["orrery_data_planes_ready"].Order());
    }

    [Fact]
    public void DataPlanes_MoreThanTheBoundNotWell_TheOthersAreNotWellEither()
    {
        Fill(OrreryResources.DataPlanes, Enumerable.Range(1, FleetMetrics.MostDataPlanes + 1).Select(i => Made("DataPlane", $"d{i:000}", "", new JsonObject())));

        Assert.Equal(0, Told()["orrery_data_plane_ready"].Single(s => s.Labels == "data_plane=others").Value);
    }

    private ILookup<string, (string Labels, double Value)> Told()
    {
        using var metrics = new FleetMetrics(context);
        using var listener = new MeterListener();
        var told = new List<(string Name, string Labels, double Value)>();
        listener.InstrumentPublished = (instrument, mine) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, context))
            {
                mine.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => told.Add((instrument.Name, Labels(tags), value)));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => told.Add((instrument.Name, Labels(tags), value)));
        listener.Start();
        listener.RecordObservableInstruments();
        return told.ToLookup(t => t.Name, t => (t.Labels, t.Value));
    }

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags) => string.Join(',', tags.ToArray().Select(t => $"{t.Key}={t.Value}"));

    private void Fill(GroupVersionResource resource, IEnumerable<JsonObject> objects) => context.RootInformers.For(resource).Seed([.. objects.Select(o => KubeObject.From(o))]);

    private static JsonObject Made(string kind, string name, string ns, JsonObject status) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns },
        ["status"] = status,
    };
}
