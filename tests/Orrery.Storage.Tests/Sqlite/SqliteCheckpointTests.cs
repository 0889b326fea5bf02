using System.Globalization;
using Orrery.Storage.Sqlite;

namespace Orrery.Storage.Tests.Sqlite;

/// <summary>The log begins anew while commits go on, and nothing of it is lost by that.</summary>
public sealed class SqliteCheckpointTests : IDisposable
{
    private const int PageSize = 4_096;
    private const int AtOnce = 50;

    private readonly StoreDirectory directory = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Log => directory.StorePath + "-wal";

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task Commit_ManyTimesWhatTheLogMayHold_TheLogBeginsAnewAndAllOfItIsThere()
    {
        const int Rounds = 300;
        byte[] large = new byte[8_000];
        await using (SqliteStore store = SqliteStore.Open(directory.StorePath, TimeProvider.System))
        {
            for (int round = 0; round < Rounds; round++)
            {
                int first = round * AtOnce;
                await Task.WhenAll(Enumerable.Range(first, AtOnce).Select(i => store.CommitAsync(new Transaction([], [new Write(Key(i), large)]), Token).AsTask()));
            }

            // 120 MB of values and more passed through it, by which it would have grown.
            Assert.InRange(new FileInfo(Log).Length, 1, 4L * Checkpointer.Due * PageSize);
            Assert.True(new FileInfo(directory.StorePath).Length > 4L * Checkpointer.Due * PageSize);
        }

        await using SqliteStore again = SqliteStore.Open(directory.StorePath, TimeProvider.System);
        Assert.Equal(Rounds * AtOnce, await again.ReadRevisionAsync(Token));
        RangeResult all = await again.RangeAsync("/", null, 0, 0, Token);
        Assert.Equal(Enumerable.Range(0, Rounds * AtOnce).Select(Key), all.Items.Select(item => item.Key));
        Assert.All(all.Items, item => Assert.Equal(large.Length, item.Value.Length));
    }

    /// <summary>A reader holds the log as it was when it began; once it has gone the log begins anew.</summary>
    [Fact]
    public async Task Commit_WhileSomebodyReads_TheLogBeginsAnewOnceThatEnds()
    {
        byte[] large = new byte[60_000];
        await using SqliteStore store = SqliteStore.Open(directory.StorePath, TimeProvider.System);
        await Put(store, 0, large);
        using (var reader = Database.Open(directory.StorePath, readOnly: true))
        {
            reader.Execute("BEGIN");
            Assert.Equal(1, reader.Scalar("SELECT count(*) FROM keys"));
            for (int i = 1; i < 600; i++)
            {
                await Put(store, i, large);
            }

            Assert.Equal(1, reader.Scalar("SELECT count(*) FROM keys"));
            Assert.True(new FileInfo(Log).Length > Checkpointer.Due * PageSize);
        }

        long held = new FileInfo(Log).Length;
        for (int i = 600; i < 1_800; i++)
        {
            await Put(store, i, large);
        }

        // 70 MB more in a log that had 36 grew it by what is due and what comes meanwhile at most.
        Assert.InRange(new FileInfo(Log).Length, 1, held + (2L * Checkpointer.Due * PageSize));
    }

    /// <summary>All writes wait for the writer's thread.</summary>
    [Fact]
    public async Task Open_OnLinux_TheWriterIsAsUrgentAsThisProcessMayMakeIt()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("priorities of threads are Linux'");
        }

        await using SqliteStore store = SqliteStore.Open(directory.StorePath, TimeProvider.System);
        await Put(store, 0, []);

        const int CapSysNice = 23;
        string effective = File.ReadLines("/proc/self/status").First(line => line.StartsWith("CapEff:", StringComparison.Ordinal)).Split('\t')[1];
        bool may = (ulong.Parse(effective, NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> CapSysNice & 1) == 1;
        int own = Nice("/proc/self/task/" + Environment.ProcessId);
        int[] writers = [.. Directory.GetDirectories("/proc/self/task").SelectMany(NiceOfWriter)];
        Assert.Contains(may ? Math.Max(-20, own - 10) : own, writers);
    }

    /// <returns>Nothing for another thread, or one that has ended since it was listed.</returns>
    private static IEnumerable<int> NiceOfWriter(string task)
    {
        try
        {
            return File.ReadAllText(task + "/comm").StartsWith("orrery-store-wr", StringComparison.Ordinal) ? [Nice(task)] : [];
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>The 19th word, after a name that may hold blanks.</summary>
    private static int Nice(string task)
    {
        string stat = File.ReadAllText(task + "/stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[16], CultureInfo.InvariantCulture);
    }

    private static string Key(int number) => string.Create(CultureInfo.InvariantCulture, $"/{number:D6}");

    private static async Task Put(SqliteStore store, int number, byte[] value) => await store.CommitAsync(new Transaction([], [new Write(Key(number), value)]), Token);
}
