using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Controllers.Usage;

namespace Orrery.Controllers.Tests.Usage;

/// <summary>Samples of what a tenant uses, and the hours they add up to.</summary>
public sealed class UsageSampleTests
{
    private static readonly UsageSample Sample = UsageSample.Of(
    [
        Tenancy("""{"requested": {"cpu": "250m", "memory": "1Gi", "pods": "3"}, "used": {"cpu": "100m"} }"""),
        Tenancy("""{"requested": {"cpu": "1750m", "pods": "1"} }"""),
    ]);

    [Fact]
    public void Of_SeveralDataPlanes_AddsThemUp()
    {
        Assert.Equal("2", Sample.Requested["cpu"].ToString());
        Assert.Equal("4", Sample.Requested["pods"].ToString());
        Assert.Equal("100m", Sample.Used["cpu"].ToString());
    }

    [Fact]
    public void AddTo_SameHour_AddsAmountTimesSeconds()
    {
        var spec = new JsonObject();

        Sample.AddTo(spec, 9, TimeSpan.FromSeconds(60));
        Sample.AddTo(spec, 9, TimeSpan.FromSeconds(30));

        JsonObject hour = Assert.IsType<JsonObject>(Assert.Single(spec["hours"]!.AsArray()));
        Assert.Equal(90, (long)hour["seconds"]!);
        Assert.Equal("180", (string?)hour["requested"]!["cpu"]);
        Assert.Equal("360", (string?)hour["requested"]!["pods"]);
        Assert.Equal((90L * 1024 * 1024 * 1024).ToString(System.Globalization.CultureInfo.InvariantCulture), (string?)hour["requested"]!["memory"]);
        Assert.Equal("9", (string?)hour["used"]!["cpu"]);
    }

    /// <summary>Pods that fit on no node are pods all the same: a tenant may ask for what it likes.</summary>
    [Fact]
    public void AddTo_MoreThanANumberHolds_GoesAsFarAsOneDoes()
    {
        UsageSample greedy = UsageSample.Of(
        [
            Tenancy("""{"requested": {"cpu": "9000000000000000500m", "memory": "7Ei", "storage": "3Ei"} }"""), Tenancy("""{"requested": {"memory": "7Ei"} }"""),
        ]);
        var spec = new JsonObject();

        greedy.AddTo(spec, 9, TimeSpan.FromSeconds(60));
        greedy.AddTo(spec, 9, TimeSpan.FromSeconds(60));

        JsonNode requested = spec["hours"]![0]!["requested"]!;
        Assert.Equal("1080000000000000060", (string?)requested["cpu"]);
        Assert.All((string[])["memory", "storage"], r => Assert.Equal(long.MaxValue, Quantity.Parse((string)requested[r]!).Value));
    }

    [Fact]
    public void AddTo_NextHour_BeginsAnother()
    {
        var spec = new JsonObject();

        Sample.AddTo(spec, 9, TimeSpan.FromSeconds(60));
        Sample.AddTo(spec, 10, TimeSpan.FromSeconds(60));

        Assert.Equal([9, 10], spec["hours"]!.AsArray().Select(h => (int)h!["hour"]!));
    }

    [Fact]
    public void AddTo_FullHour_AddsNoMore()
    {
        var spec = new JsonObject();

        Sample.AddTo(spec, 9, TimeSpan.FromSeconds(3580));
        Sample.AddTo(spec, 9, TimeSpan.FromSeconds(60));

        JsonObject hour = Assert.IsType<JsonObject>(Assert.Single(spec["hours"]!.AsArray()));
        Assert.Equal(3600, (long)hour["seconds"]!);
        Assert.Equal("7200", (string?)hour["requested"]!["cpu"]);
    }

    private static KubeObject Tenancy(string usage) => KubeObject.From(JsonNode.Parse($$$"""{"kind": "Tenancy", "metadata": {"name": "acme"}, "status": {"usage": {{{usage}}} } }""")!);
}
