using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Client.Tests.Runtime;

public sealed class ConditionsTests
{
    private static readonly DateTimeOffset Then = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Set_SameStatus_KeepsTheTransitionTime()
    {
        var status = new JsonObject();

        Assert.True(Conditions.Set(status, "Ready", "True", "AllGood", "fine", Then, 3));
        Assert.False(Conditions.Set(status, "Ready", "True", "AllGood", "fine", Then.AddHours(1), 3));
        Assert.True(Conditions.Set(status, "Ready", "True", "AllGood", "still fine", Then.AddHours(1), 4));

        Assert.Equal(
            """{"conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z","observedGeneration":4,"reason":"AllGood","message":"still fine"}]}""",
            status.ToJsonString());
    }

    [Fact]
    public void Set_OtherStatus_MovesTheTransitionTime()
    {
        var status = new JsonObject();
        Conditions.Set(status, "Ready", "True", "AllGood", "", Then);
        Conditions.Set(status, "Ready", "Unknown", "Silent", "", Then.AddHours(1));

        ConditionState found = Conditions.Find(KubeObject.From(new JsonObject { ["status"] = status }), "Ready")!;

        Assert.Equal(new ConditionState("Ready", "Unknown", "Silent", "", null, Then.AddHours(1)), found);
    }

    [Fact]
    public void Set_NothingSaidWithAGeneration_IsStillACondition()
    {
        var status = new JsonObject();

        Assert.True(Conditions.Set(status, "Available", "True", "", "", Then, 3));
        Assert.False(Conditions.Set(status, "Available", "True", "", "", Then.AddHours(1), 3));

        Assert.Equal(
            """{"conditions":[{"type":"Available","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z","observedGeneration":3,"reason":"Available","message":""}]}""",
            status.ToJsonString());
    }

    [Theory]
    [InlineData(32768, 32768)]
    [InlineData(32769, 32768)]
    public void Set_LongMessage_IsCutToWhatAConditionHolds(int length, int kept)
    {
        var status = new JsonObject();

        Assert.True(Conditions.Set(status, "Applied", "False", "Invalid", new string('x', length), Then, 3));
        Assert.False(Conditions.Set(status, "Applied", "False", "Invalid", new string('x', length), Then, 3));

        string message = (string)status["conditions"]![0]!["message"]!;
        Assert.Equal((kept, length > kept), (message.Length, message.EndsWith('…')));
    }

    [Fact]
    public void Cut_WithinASurrogatePair_LeavesTheWholePairOut() => Assert.Equal("ab…", Conditions.Cut("ab\U0001F600cd", 4));

    [Fact]
    public void Remove_Present_TakesItAway()
    {
        var status = new JsonObject();
        Conditions.Set(status, "A", "True", "X", "", Then);

        Assert.True(Conditions.Remove(status, "A"));
        Assert.False(Conditions.Remove(status, "A"));
        Assert.Empty(status["conditions"]!.AsArray());
    }
}
