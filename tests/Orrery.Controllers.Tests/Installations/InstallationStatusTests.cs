using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Controllers.Installations;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Tests.Installations;

public sealed class InstallationStatusTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly InstallationPlan Plan = new(
        Samples.Object("""{"apiVersion": "orrery.dev/v1alpha1", "kind": "Installation", "metadata": {"name": "shop", "namespace": "acme", "generation": 1}, "spec": {"placement": {"dataPlanes": ["a"]} } }"""),
        "acme", null, null, "shop-2", Resolution.Nowhere, null);

    /// <summary>A message of a condition has 32768 characters at most and an object about a mebibyte: one that has more is refused, and an attempt whose status is refused stays where it is.</summary>
    [Theory]
    [InlineData(3)]
    [InlineData(200)]
    [InlineData(1000)]
    public void Build_ManyThatFailAtLength_FitsIntoAnObject(int count)
    {
        string refusal = "Deployment web: " + new string('x', 30_000);
        PlaneStatus[] planes = [.. Enumerable.Range(0, count).Select(i => new PlaneStatus($"plane-{i:d4}") { Wanted = "shop-2" }.In(Phases.Failed, "Refused", refusal + i))];

        JsonObject status = InstallationStatus.Build(Plan, planes, null, Now);

        Assert.InRange(Encoding.UTF8.GetByteCount(status.ToJsonString()), 0, 1024 * 1024);
        Assert.All(status["conditions"]!.AsArray(), c => Assert.InRange(((string)c!["message"]!).Length, 1, 32768));
        Assert.All(status["dataPlanes"]!.AsArray(), p => Assert.StartsWith("Deployment web: xxxx", (string)p!["message"]!, StringComparison.Ordinal));
        Assert.Equal(count > 10, ((string)Ready(status)["message"]!).EndsWith($"and {count - 10} more", StringComparison.Ordinal));
    }

    [Fact]
    public void Build_OneThatFails_IsQuotedAsItIs()
    {
        JsonObject status = InstallationStatus.Build(Plan, [new PlaneStatus("a") { Wanted = "shop-2" }.In(Phases.Failed, "Refused", "no such class")], null, Now);

        Assert.Equal("a: no such class", (string?)Ready(status)["message"]);
        Assert.Equal("no such class", (string?)status["dataPlanes"]![0]!["message"]);
    }

    [Fact]
    public void Build_SeveralThatFailAlike_IsSaidOnce()
    {
        PlaneStatus[] planes =
        [
            new PlaneStatus("c") { Wanted = "shop-2" }.In(Phases.Failed, "Refused", "no such class"),
            new PlaneStatus("b") { Wanted = "shop-2" }.In(Phases.Failed, "Refused", "no room"),
            new PlaneStatus("a") { Wanted = "shop-2" }.In(Phases.Failed, "Refused", "no such class"),
        ];

        Assert.Equal("a, c: no such class; b: no room", (string?)Ready(InstallationStatus.Build(Plan, planes, null, Now))["message"]);
    }

    private static JsonObject Ready(JsonObject status) => status["conditions"]!.AsArray().OfType<JsonObject>().Single(c => c.TextAt("type") == "Ready");
}
