using Orrery.Api;
using Orrery.Server.Authorization;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Authorization;

public sealed class RbacIndexesTests
{
    private const int Asking = 8;

    [Fact]
    public async Task For_ManyAtOnceAfterAChange_IsMadeOnceForAllOfThem()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        for (int i = 0; i < 200; i++)
        {
            await world.GrantAsync(ClusterName.Root, $"role-{i}", "ann", """[{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}]""");
        }

        var indexes = new RbacIndexes(world.Caches, world.Access.BaseLayer, world.Access.Clusters);
        RbacIndex first = OnlyOne(AskAtOnce(indexes));
        Assert.Same(first, indexes.For(ClusterName.Root));

        await world.GrantAsync(ClusterName.Root, "one-more", "ann", """[{"verbs":["list"],"apiGroups":[""],"resources":["pods"]}]""");

        Assert.NotSame(first, OnlyOne(AskAtOnce(indexes)));
    }

    private static RbacIndex OnlyOne(RbacIndex[] answers)
    {
        Assert.All(answers, a => Assert.Same(answers[0], a));
        return answers[0];
    }

    private static RbacIndex[] AskAtOnce(RbacIndexes indexes)
    {
        var answers = new RbacIndex[Asking];
        using var together = new Barrier(Asking);
        Thread[] threads = [.. Enumerable.Range(0, Asking).Select(i => new Thread(() =>
        {
            together.SignalAndWait();
            answers[i] = indexes.For(ClusterName.Root);
        }))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        return answers;
    }
}
