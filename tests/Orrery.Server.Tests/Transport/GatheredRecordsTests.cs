using System.IO.Pipelines;
using Orrery.Server.Transport;
using Xunit;

namespace Orrery.Server.Tests.Transport;

public sealed class GatheredRecordsTests
{
    private const int Record = 16 * 1024 + 22;

    private readonly Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0));

    [Fact]
    public async Task WriteAsync_AShortRecord_GoesOnAtOnce()
    {
        var records = new GatheredRecords(pipe.Writer);
        await records.WriteAsync(new byte[100], TestContext.Current.CancellationToken);
        Assert.Equal(100, Arrived());
    }

    [Fact]
    public async Task WriteAsync_FullRecords_WaitForTheShortOneThatEndsThem()
    {
        var records = new GatheredRecords(pipe.Writer);
        await records.WriteAsync(new byte[Record], TestContext.Current.CancellationToken);
        await records.WriteAsync(new byte[Record], TestContext.Current.CancellationToken);
        Assert.Equal(0, Arrived());
        await records.WriteAsync(new byte[7], TestContext.Current.CancellationToken);
        Assert.Equal((2 * Record) + 7, Arrived());
    }

    [Fact]
    public async Task WriteAsync_ManyFullRecords_AreSentEightAtATime()
    {
        var records = new GatheredRecords(pipe.Writer);
        int seen = 0;
        for (int i = 1; i <= 24; i++)
        {
            await records.WriteAsync(new byte[Record], TestContext.Current.CancellationToken);
            seen += Arrived();
            Assert.Equal(i / 8 * 8 * Record, seen);
        }
    }

    [Fact]
    public async Task FlushAsync_AfterAFullRecord_SendsIt()
    {
        var records = new GatheredRecords(pipe.Writer);
        await records.WriteAsync(new byte[Record], TestContext.Current.CancellationToken);
        await records.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Record, Arrived());
    }

    [Fact]
    public async Task CompleteAsync_AfterAFullRecord_LosesNothing()
    {
        var records = new GatheredRecords(pipe.Writer);
        await records.WriteAsync(new byte[Record], TestContext.Current.CancellationToken);
        await records.CompleteAsync();
        Assert.Equal(Record, Arrived());
    }

    /// <summary>Takes all that has arrived.</summary>
    private int Arrived()
    {
        if (!pipe.Reader.TryRead(out ReadResult result))
        {
            return 0;
        }

        int length = (int)result.Buffer.Length;
        pipe.Reader.AdvanceTo(result.Buffer.End);
        return length;
    }
}
