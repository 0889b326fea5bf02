using System.IO.Pipelines;
using Orrery.Server.Transport;
using Orrery.Server.Transport.Sockets;
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
    public async Task WriteAsync_OverAConnectionThatRests_IsSentByTheThreadThatWrites()
    {
        var output = new Pipe(new PipeOptions(readerScheduler: SocketLoop.Scheduler, useSynchronizationContext: false));
        var connection = new Connection { IsResting = true };
        var records = new GatheredRecords(output.Writer, connection);
        int sentBy = 0;
        Task sending = SendAsync();

        ValueTask<FlushResult> writing = records.WriteAsync(new byte[100], TestContext.Current.CancellationToken);
        Assert.Equal(Environment.CurrentManagedThreadId, sentBy);
        await writing;
        await sending;

        // And no longer than that.
        bool isWriting = true, isSentWithin = false;
        connection.IsResting = false;
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int thread = Environment.CurrentManagedThreadId;
        SocketLoop.Scheduler.Schedule(
            _ =>
            {
                isSentWithin = isWriting && Environment.CurrentManagedThreadId == thread;
                sent.SetResult();
            },
            null);
        isWriting = false;
        await sent.Task;
        Assert.False(isSentWithin);

        async Task SendAsync()
        {
            ReadResult given = await output.Reader.ReadAsync(TestContext.Current.CancellationToken);
            sentBy = Environment.CurrentManagedThreadId;
            output.Reader.AdvanceTo(given.Buffer.End);
        }
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

    private sealed class Connection : IRestingConnection
    {
        public ISignsOfLife Signs => throw new NotSupportedException();

        public bool IsResting { get; set; }

        public void MayRest()
        {
        }
    }
}
