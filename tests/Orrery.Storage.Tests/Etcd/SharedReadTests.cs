using Orrery.Storage.Etcd;
using Orrery.Testing;

namespace Orrery.Storage.Tests.Etcd;

public sealed class SharedReadTests
{
    private readonly List<TaskCompletionSource<long>> reads = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Get_WhileAReadIsUnderWay_SharesTheNextAndNeverThatOne()
    {
        SharedRead shared = Create();
        Task<long> first = shared.GetAsync(Token);
        Task<long> second = shared.GetAsync(Token);
        Task<long> third = shared.GetAsync(Token);
        Assert.Single(reads);

        reads[0].SetResult(10);
        Assert.Equal(10, await first);
        await Begun(2);
        Task<long> fourth = shared.GetAsync(Token);
        Assert.Equal(2, reads.Count);
        reads[1].SetResult(20);

        Assert.Equal((20, 20), (await second, await third));
        await Begun(3);
        reads[2].SetResult(30);
        Assert.Equal(30, await fourth);
        Assert.Equal(3, reads.Count);
    }

    [Fact]
    public async Task Get_AfterAFailedRead_ReadsAgain()
    {
        SharedRead shared = Create();
        Task<long> first = shared.GetAsync(Token);
        Task<long> second = shared.GetAsync(Token);

        reads[0].SetException(new StoreException("gone", outcomeUnknown: false));
        await Assert.ThrowsAsync<StoreException>(() => first);
        await Begun(2);
        reads[1].SetResult(20);

        Assert.Equal(20, await second);
    }

    private SharedRead Create() => new(() =>
    {
        var read = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (reads)
        {
            reads.Add(read);
        }

        return read.Task;
    });

    private Task Begun(int count) => Eventually.TrueAsync(
        () =>
        {
            lock (reads)
            {
                return reads.Count == count;
            }
        },
        $"read {count}",
        cancellationToken: Token);
}
