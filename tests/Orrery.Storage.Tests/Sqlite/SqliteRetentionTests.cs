using Orrery.Storage.Sqlite;
using Orrery.Testing;

namespace Orrery.Storage.Tests.Sqlite;

/// <summary>What a store forgets by itself, however often its process is started anew.</summary>
public sealed class SqliteRetentionTests : IDisposable
{
    private readonly StoreDirectory directory = new();
    private readonly ManualTime time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Commit_OpenedAnewEveryTwoMinutes_IsForgottenAllTheSame()
    {
        for (int start = 0; start < 8; start++)
        {
            await RunAsync(6_000);
            time.Advance(TimeSpan.FromMinutes(2));
        }

        // 48,000 revisions in 16 minutes; what is older than the last 10,000 and twice five minutes and two is gone.
        Assert.InRange(await CompactedAsync(), 6_000, 48_000 - RetentionPolicy.Revisions);
    }

    [Fact]
    public async Task Commit_OpenedAnew_KeepsTheLastFiveMinutes()
    {
        await RunAsync(14_000);
        time.Advance(TimeSpan.FromMinutes(3));
        await RunAsync(14_000);
        time.Advance(TimeSpan.FromMinutes(1));
        await RunAsync(1_000);
        Assert.Equal(0, await CompactedAsync());

        // Of the first start's revisions alone it is known by now how old they are.
        time.Advance(TimeSpan.FromMinutes(1));
        await RunAsync(1_000);
        Assert.InRange(await CompactedAsync(), 0, 14_000);
    }

    [Fact]
    public async Task Commit_ClockPutBack_IsForgottenFiveMinutesLater()
    {
        await RunAsync(14_000);
        time.Skew = -TimeSpan.FromDays(400);
        await RunAsync(1);
        for (int minutes = 0; minutes < 14; minutes += 2)
        {
            time.Advance(TimeSpan.FromMinutes(2));
            await RunAsync(2_000);
        }

        Assert.InRange(await CompactedAsync(), 1_000, 28_001 - RetentionPolicy.Revisions);
    }

    /// <summary>A start, some commits, and what is to be forgotten by then.</summary>
    private async Task RunAsync(int commits)
    {
        await using SqliteStore store = SqliteStore.Open(directory.StorePath, time);
        for (int done = 0; done < commits; done += 1_000)
        {
            await Task.WhenAll(Enumerable.Range(0, Math.Min(1_000, commits - done)).Select(i =>
                store.CommitAsync(new Transaction([], [new Write($"/{i % 3}", "v"u8.ToArray())]), Token).AsTask()));
        }
    }

    private async Task<long> CompactedAsync()
    {
        await using SqliteStore store = SqliteStore.Open(directory.StorePath, TimeProvider.System);
        using Database database = Database.Open(directory.StorePath, readOnly: true);
        return database.Scalar("SELECT value FROM meta WHERE name='compacted'");
    }
}
