using Orrery.Storage.Etcd;
using Orrery.Testing;

namespace Orrery.Storage.Tests.Etcd;

/// <summary>What servers of an etcd forget by themselves, however often they are started anew.</summary>
public sealed class EtcdRetentionTests(EtcdFixture etcd) : IClassFixture<EtcdFixture>
{
    private readonly ShiftedTime time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Commit_OpenedAnewEveryTwoMinutes_IsForgottenAllTheSame()
    {
        EtcdOptions options = etcd.Options(etcd.NewPrefix()) with { TimeProvider = time };
        long first = await RunAsync(options, 1);
        await RunAsync(options, RetentionPolicy.Revisions + (2 * RetentionPolicy.Step));
        Assert.True(await IsKeptAsync(options, first));

        // It is known six minutes later how old the first is, and six minutes after that how old those are that there were by then.
        for (int minutes = 0; minutes < 12; minutes += 2)
        {
            time.Shift += TimeSpan.FromMinutes(2);
            Assert.True(await IsKeptAsync(options, first));
            await RunAsync(options, 1);
        }

        await using EtcdStore last = await EtcdStore.OpenAsync(options, Token);
        await last.CommitAsync(new Transaction([], [new Write("/last", "v"u8.ToArray())]), Token);
        await Eventually.TrueAsync(async () => !await IsKeptAsync(options, first), "the first revision is forgotten", TimeSpan.FromSeconds(60), Token);
    }

    /// <summary>A start and some commits.</summary>
    /// <returns>The newest revision.</returns>
    private static async Task<long> RunAsync(EtcdOptions options, int commits)
    {
        await using EtcdStore store = await EtcdStore.OpenAsync(options, Token);
        await Parallel.ForEachAsync(Enumerable.Range(0, commits), new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = Token }, async (i, token) =>
            await store.CommitAsync(new Transaction([], [new Write($"/{i % 64}", "v"u8.ToArray())]), token));
        return await store.ReadRevisionAsync(Token);
    }

    private static async Task<bool> IsKeptAsync(EtcdOptions options, long revision)
    {
        await using EtcdStore store = await EtcdStore.OpenAsync(options, Token);
        return !(await store.RangeAsync("/", null, 0, revision, Token)).IsCompacted;
    }
}
