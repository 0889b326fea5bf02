using Orrery.Satellite.Joining;

namespace Orrery.Satellite.Tests.Joining;

public sealed class PollPaceTests
{
    /// <summary>A satellite whose certificate has ended, and that waits for its operator over night: some 1,450 looks instead of 43,200.</summary>
    [Fact]
    public void Next_ForTheSame_AsksEverLess()
    {
        var pace = new PollPace(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));

        double[] waits = [.. Enumerable.Range(0, 20).Select(_ => pace.Next("waits for an operator").TotalSeconds)];

        Assert.Equal([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30], waits);
    }

    [Fact]
    public void Next_ForAnother_BeginsAnew()
    {
        var pace = new PollPace(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        for (int i = 0; i < 20; i++)
        {
            pace.Next("connection refused");
        }

        Assert.Equal(TimeSpan.FromSeconds(1), pace.Next("waits for an operator"));
    }

    [Fact]
    public void Next_LongestIsLessThanFirst_StaysAtTheFirst()
    {
        var pace = new PollPace(TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(30));

        Assert.All(Enumerable.Range(0, 20), _ => Assert.Equal(TimeSpan.FromMinutes(1), pace.Next("")));
    }
}
