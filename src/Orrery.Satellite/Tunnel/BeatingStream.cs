using System.Buffers.Binary;
using System.Security.Cryptography;
using Orrery.Client;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// What carries a client's WebSocket, in which this side says now and then that it lives. Most beats are pongs that nobody asked for (RFC 6455, section 5.5.3): they want no
/// answer, which is half of what a beat costs whoever hears thousands. The first and then every sixth is a ping, and whoever answers it lives too. With the answer the
/// control plane may say when to beat next: it hears those of many satellites at once.
/// </summary>
/// <param name="turn">Which one of six it is, from 0 on, whatever the first was: those who came at the same moment are not all to be answered in the same ten seconds.</param>
/// <param name="dead">Told that nothing comes in any more, right before it is given up.</param>
/// <param name="beatsAPing">How many beats there are from one ping to the next: fewer know sooner that nobody answers, and cost whoever answers more.</param>
internal sealed class BeatingStream(Stream inner, int turn, TimeProvider time, Action? dead = null, int beatsAPing = BeatingStream.BeatsAPing) : ConnectionStream(inner)
{
    /// <summary>How often it says that it lives. The control plane gives it up after twice as long.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(10);

    /// <summary>A ping and the pongs after it, as a rule.</summary>
    public const int BeatsAPing = 6;

    /// <summary>So many beats of the usual length after a ping in which nothing came in, not even its answer, there is no connection.</summary>
    private const int Patience = 2;

    /// <summary>One that ends later than this was not ended for being quiet.</summary>
    private static readonly TimeSpan Short = Beat * 3;

    /// <summary>Whatever it is told: no sooner and no later. The control plane gives up who is not heard for two intervals.</summary>
    private static readonly TimeSpan SoonestBeat = Beat / 2;
    private static readonly TimeSpan LatestBeat = Beat * 1.5;

    private readonly long began = time.GetTimestamp();
    private long passed = time.GetTimestamp();
    private int isOver;

    private const byte Ping = 0x89;
    private const byte Pong = 0x8A;

    /// <summary>A frame from a client is masked, also when there is nothing to mask.</summary>
    private const byte MaskedAndEmpty = 0x80;

    private const int Frame = 6;

    /// <summary>Frames must not fall into each other.</summary>
    private readonly SemaphoreSlim writing = new(1);

    /// <summary>Length of a pong without content, and of one with a wait.</summary>
    private const int AnswerWithWait = 2 + 2 + 4;

    private readonly byte[] frames = new byte[2 * Frame];
    private ITimer? timer;
    private volatile bool isHeard = true;
    private int beats;
    private long pinged;
    private int unheard;
    private int isBeating;

    /// <summary>From now on what goes through it are frames, and it beats until it is disposed of.</summary>
    public void Begin() => timer = time.CreateTimer(static state => ((BeatingStream)state!).OnBeat(), this, Every, Every);

    /// <summary>How often it beats. More often than usual: whatever the control plane asks for.</summary>
    public TimeSpan Every { get; init; } = Beat;

    /// <summary>Told once another has ended it: for how long nothing had passed by then, or zero where it had lasted for some beats. Null tells nobody.</summary>
    public Action<TimeSpan>? Ended { get; set; }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = 0;
        try
        {
            read = await Inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (read == 0 && buffer.Length > 0 && !cancellationToken.IsCancellationRequested && Interlocked.Exchange(ref isOver, 1) == 0)
            {
                Ended?.Invoke(time.GetElapsedTime(began) < Short ? time.GetElapsedTime(Interlocked.Read(ref passed)) : TimeSpan.Zero);
            }
        }

        if (read > 0)
        {
            isHeard = true;
            Interlocked.Exchange(ref passed, time.GetTimestamp());
            if (read == AnswerWithWait)
            {
                Pace(buffer.Span[..read]);
            }
        }

        return read;
    }

    /// <summary>
    /// An answer that says when to beat next, in milliseconds from the ping on, so that the way there and back does not count. It comes by itself while nothing else goes through; should a
    /// piece of something else look like it, then a beat is somewhat sooner or later.
    /// </summary>
    private void Pace(ReadOnlySpan<byte> read)
    {
        if (read is not [Pong, 0, Pong, 4, ..])
        {
            return;
        }

        TimeSpan wait = TimeSpan.FromMilliseconds(BinaryPrimitives.ReadUInt32BigEndian(read[4..]));
        TimeSpan left = wait - time.GetElapsedTime(Interlocked.Read(ref pinged));
        if (Every == Beat && wait >= SoonestBeat && wait <= LatestBeat && left > TimeSpan.Zero)
        {
            timer?.Change(left, Beat);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await Inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
            Interlocked.Exchange(ref passed, time.GetTimestamp());
        }
        finally
        {
            writing.Release();
        }
    }

    public override ValueTask DisposeAsync()
    {
        isOver = 1;
        timer?.Dispose();
        return base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            isOver = 1;
            timer?.Dispose();
        }

        base.Dispose(disposing);
    }

    private void OnBeat()
    {
        // 1. A ping was sent, or was to be sent and finds no room, and nothing has come in since.
        if (isHeard)
        {
            unheard = 0;
        }
        else if (++unheard * Every >= Patience * Beat)
        {
            dead?.Invoke();
            Dispose();
            return;
        }

        // 2. The next beat, unless the one before is still on its way.
        if (Interlocked.Exchange(ref isBeating, 1) == 0)
        {
            bool isPing = beats == 0 || beats % beatsAPing == turn % beatsAPing;
            beats++;
            if (isPing)
            {
                Interlocked.Exchange(ref pinged, time.GetTimestamp());
                isHeard = false;
            }

            _ = BeatAsync(isPing ? Ping : Pong);
        }
    }

    private async Task BeatAsync(byte kind)
    {
        await writing.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            // One that is to be answered is longer than others, also as it comes over the wire: the control plane may leave those unread for a while.
            await Inner.WriteAsync(Fill(kind is Ping ? [Pong, Ping] : [Pong]), CancellationToken.None).ConfigureAwait(false);
            await Inner.FlushAsync(CancellationToken.None).ConfigureAwait(false);
            Interlocked.Exchange(ref passed, time.GetTimestamp());
        }
        catch (Exception gone) when (gone is IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            // Whoever reads learns of the end.
            timer?.Dispose();
        }
        finally
        {
            // In this order: whatever is written after it finds that it is over.
            Interlocked.Exchange(ref isBeating, 0);
            writing.Release();
        }
    }

    private ReadOnlyMemory<byte> Fill(ReadOnlySpan<byte> kinds)
    {
        RandomNumberGenerator.Fill(frames);
        for (int i = 0; i < kinds.Length; i++)
        {
            frames[i * Frame] = kinds[i];
            frames[(i * Frame) + 1] = MaskedAndEmpty;
        }

        return frames.AsMemory(0, kinds.Length * Frame);
    }
}
