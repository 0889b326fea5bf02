using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using Orrery.Server.Fairness;

namespace Orrery.Server.Tests.Fairness;

public sealed class RequestTurnsTests
{
    private const byte Data = 0, Headers = 1, Settings = 4, Continuation = 9;

    [Fact]
    public async Task RequestsThatCameAtOnce_AreGivenAFewAtATime_WhileOthersAsk()
    {
        FairQueue seats = await QueueAsync(isShared: true);
        byte[] sent = [.. Preface, .. Frame(Settings, 12), .. Enumerable.Range(0, 10).SelectMany(i => (byte[])[.. Frame(Headers, 100 + i), .. Frame(Data, i % 3 * 500)])];
        List<byte[]> turns = await ReadAsync(sent, seats);

        Assert.Equal(sent, turns.SelectMany(t => t));
        Assert.Equal(3, turns.Count);
        Assert.Equal([4, 4, 2], turns.Select((_, i) => Begun(turns.Take(i + 1)) - Begun(turns.Take(i))));
    }

    [Fact]
    public async Task WhoIsAlone_IsGivenAllThatCame()
    {
        byte[] sent = [.. Preface, .. Enumerable.Range(0, 10).SelectMany(_ => Frame(Headers, 100))];
        Assert.Equal(sent, Assert.Single(await ReadAsync(sent, await QueueAsync(isShared: false))));
    }

    [Fact]
    public async Task LargeBodies_AreGivenAsTheyCome()
    {
        byte[] sent = [.. Preface, .. Frame(Headers, 80), .. Enumerable.Range(0, 8).SelectMany(_ => Frame(Data, 16_384)), .. Frame(Continuation, 3)];
        Assert.Equal(sent, Assert.Single(await ReadAsync(sent, await QueueAsync(isShared: true))));
    }

    [Fact]
    public async Task WhoTakesNothing_IsGivenMore()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync((byte[])[.. Preface, .. Enumerable.Range(0, 6).SelectMany(_ => Frame(Headers, 10))], TestContext.Current.CancellationToken);
        var reader = new RequestTurns(pipe.Reader, await QueueAsync(isShared: true));
        ReadResult few = await reader.ReadAsync(TestContext.Current.CancellationToken);
        reader.AdvanceTo(few.Buffer.Start, few.Buffer.End);
        ReadResult again = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(few.Buffer.Length, again.Buffer.Length);
        reader.AdvanceTo(again.Buffer.End);
        ReadResult rest = await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2 * 19, rest.Buffer.Length);
    }

    /// <summary>In whatever pieces it comes, and of whatever part of each is taken.</summary>
    [Fact]
    public void FramesAreFollowed_HoweverTheyAreCut()
    {
        for (int seed = 1; seed <= 300; seed++)
        {
            var random = new Random(seed);
            byte[] sent = [.. Preface, .. Enumerable.Range(0, random.Next(12)).SelectMany(_ => Frame(random.Next(3) == 0 ? Headers : Data, random.Next(300)))];
            Http2Frames whole = Http2Frames.OfConnection, pieces = Http2Frames.OfConnection;
            long expected = whole.Pass(new ReadOnlySequence<byte>(sent), 3);
            int passed = 0, left = 3;
            while (passed < sent.Length && left > 0)
            {
                int step = (int)pieces.Pass(new ReadOnlySequence<byte>(sent, passed, Math.Min(random.Next(1, 400), sent.Length - passed)), 1);
                left -= Begins(sent, passed, passed + step);
                passed += step;
            }

            Assert.True(passed == expected, $"seed {seed}: {passed} and not {expected} of {sent.Length}");
        }
    }

    private static readonly byte[] Preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    private static byte[] Frame(byte type, int length) => [(byte)(length >> 16), (byte)(length >> 8), (byte)length, type, 0, 0, 0, 0, 1, .. Enumerable.Repeat((byte)1, length)];

    /// <summary>Requests whose headers end within a part of what was sent.</summary>
    private static int Begins(byte[] sent, long from, long to)
    {
        int count = 0;
        for (int at = Preface.Length; at < sent.Length;)
        {
            int end = at + 9 + (sent[at] << 16) + (sent[at + 1] << 8) + sent[at + 2];
            count += sent[at + 3] == Headers && end > from && end <= to ? 1 : 0;
            at = end;
        }

        return count;
    }

    private static int Begun(IEnumerable<byte[]> turns)
    {
        byte[] all = [.. turns.SelectMany(t => t)];
        return Begins(all, 0, all.Length);
    }

    private static async Task<List<byte[]>> ReadAsync(byte[] sent, FairQueue seats)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        await pipe.Writer.WriteAsync(sent, TestContext.Current.CancellationToken);
        await pipe.Writer.CompleteAsync();
        var reader = new RequestTurns(pipe.Reader, seats);
        var turns = new List<byte[]>();
        while (true)
        {
            ReadResult read = await reader.ReadAsync(TestContext.Current.CancellationToken);
            if (!read.Buffer.IsEmpty)
            {
                turns.Add(read.Buffer.ToArray());
            }

            reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                return turns;
            }
        }
    }

    private static async Task<FairQueue> QueueAsync(bool isShared)
    {
        var seats = new FairQueue(FairQueues.Small with { Together = TimeSpan.FromHours(1) }, TimeProvider.System);
        (await seats.EnterAsync(FairQueues.Loud, "u", 1, true, TestContext.Current.CancellationToken)).Dispose();
        if (isShared)
        {
            (await seats.EnterAsync(FairQueues.Quiet, "u", 1, true, TestContext.Current.CancellationToken)).Dispose();
        }

        return seats;
    }
}
