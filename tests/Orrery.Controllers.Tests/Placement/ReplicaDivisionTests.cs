using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Tests.Placement;

public sealed class ReplicaDivisionTests
{
    [Fact]
    public void Divide_ByWeight_SharesInProportion() =>
        Assert.Equal(Shares(("a", 4), ("b", 2)), Divide(6, "a", "b", weights: ("a", 2)));

    [Fact]
    public void Divide_WithRemainder_GivesItToTheLargestRemainderThenByName() =>
        Assert.Equal(Shares(("a", 4), ("b", 3), ("c", 3)), Divide(10, "c", "b", "a"));

    [Fact]
    public void Divide_WeightZero_GetsNone() => Assert.Equal(Shares(("a", 0), ("b", 5)), Divide(5, "a", "b", weights: ("a", 0)));

    [Fact]
    public void Divide_AllWeightsZero_GivesNobodyAnything() => Assert.Equal(Shares(("a", 0)), Divide(5, "a", weights: ("a", 0)));

    [Fact]
    public void Divide_ManyCases_AlwaysAddsUp()
    {
        var random = new Random(20260101);
        for (int round = 0; round < 2000; round++)
        {
            int replicas = random.Next(0, 200);
            string[] names = [.. Enumerable.Range(0, random.Next(1, 12)).Select(i => $"p{i}")];
            var weights = names.ToDictionary(n => n, _ => random.Next(1, 20));

            IReadOnlyDictionary<string, int> shares = ReplicaDivision.Divide(replicas, names, weights);

            Assert.Equal(replicas, shares.Values.Sum());
            double total = weights.Values.Sum();
            Assert.All(names, n => Assert.InRange(shares[n] - (replicas * weights[n] / total), -1, 1));
        }
    }

    private static IReadOnlyDictionary<string, int> Divide(int replicas, string first, string? second = null, string? third = null, (string, int)? weights = null) =>
        ReplicaDivision.Divide(
            replicas,
            new[] { first, second, third }.OfType<string>(),
            weights is { } w ? new Dictionary<string, int> { [w.Item1] = w.Item2 } : new Dictionary<string, int>());

    private static IReadOnlyDictionary<string, int> Shares(params (string Name, int Share)[] shares) => shares.ToDictionary(s => s.Name, s => s.Share);
}
