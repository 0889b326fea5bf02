using System.Buffers;
using System.IO.Pipelines;
using System.Net.Security;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Orrery.Server.Fairness;

/// <summary>
/// Lets in a few requests of one HTTP/2 connection at a time, while several clusters ask. The framework reads all that has come, and makes each request a piece of work for the pool before any of them has asked
/// for a seat: clients of a flood, which send when they get a processor, send dozens at once, and every step of what others ask stood behind all of those. Now the connection goes behind what is
/// ready after each few, as a cluster does for its seats.
/// </summary>
/// <param name="next">What comes out of the TLS layer.</param>
/// <param name="seats">Knows whether others ask.</param>
internal sealed class RequestTurns(PipeReader next, FairQueue seats) : PipeReader
{
    /// <summary>Requests of one turn.</summary>
    private const int Most = 4;

    private Http2Frames frames = Http2Frames.OfConnection;

    /// <summary>What the reader was given last, and all that there is.</summary>
    private ReadOnlySequence<byte> given;
    private bool isCut;

    /// <summary>Behind the TLS layer, as that knows which protocol is spoken.</summary>
    public static Func<ConnectionDelegate, ConnectionDelegate> After(FairQueue seats) => follow => connection =>
    {
        if (connection.Features.Get<ISslStreamFeature>()?.SslStream.NegotiatedApplicationProtocol == SslApplicationProtocol.Http2)
        {
            connection.Transport = new Sides(new RequestTurns(connection.Transport.Input, seats), connection.Transport.Output);
        }

        return follow(connection);
    };

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (isCut)
        {
            isCut = false;
            return BehindOthersAsync(cancellationToken);
        }

        ValueTask<ReadResult> reading = next.ReadAsync(cancellationToken);
        return reading.IsCompletedSuccessfully ? new ValueTask<ReadResult>(Cut(reading.Result)) : CutAsync(reading);
    }

    public override bool TryRead(out ReadResult result)
    {
        if (!next.TryRead(out result))
        {
            return false;
        }

        result = Cut(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        ReadOnlySequence<byte> taken = given.Slice(0, consumed);

        // Whoever takes nothing wants more than it was given.
        isCut &= !taken.IsEmpty;
        frames.Pass(taken, int.MaxValue);
        given = default;
        next.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => next.CancelPendingRead();

    public override void Complete(Exception? exception = null) => next.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => next.CompleteAsync(exception);

    private ReadResult Cut(ReadResult result)
    {
        given = result.Buffer;
        if (given.IsEmpty || !seats.IsShared)
        {
            return result;
        }

        Http2Frames ahead = frames;
        long length = ahead.Pass(given, Most);
        if (length == given.Length)
        {
            return result;
        }

        isCut = true;
        given = given.Slice(0, length);
        return new ReadResult(given, result.IsCanceled, isCompleted: false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> CutAsync(ValueTask<ReadResult> reading) => Cut(await reading.ConfigureAwait(false));

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> BehindOthersAsync(CancellationToken cancellationToken)
    {
        await default(BehindOthers);
        return Cut(await next.ReadAsync(cancellationToken).ConfigureAwait(false));
    }

    private sealed record Sides(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    /// <summary>Goes on in the pool, behind all that was ready before.</summary>
    private readonly struct BehindOthers : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public BehindOthers GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => ThreadPool.UnsafeQueueUserWorkItem(static go => go(), continuation, preferLocal: false);
    }
}

/// <summary>Where in the frames of an HTTP/2 connection (RFC 9113 4.1) one is.</summary>
internal struct Http2Frames
{
    private const int HeaderLength = 9;

    /// <summary>Of a frame that begins a request.</summary>
    private const byte Headers = 1;

    /// <summary>What a client says before its first frame (RFC 9113 3.4): 24 bytes.</summary>
    private const int Preface = 24;

    /// <summary>Bytes left of what is in this frame.</summary>
    private int payload;

    /// <summary>Bytes passed of this frame's header, its length and its type.</summary>
    private int at;
    private int length;
    private byte type;

    /// <summary>Before the first byte of one.</summary>
    public static Http2Frames OfConnection => new() { payload = Preface };

    /// <summary>Goes on until so many requests have begun, or to the end.</summary>
    /// <returns>Bytes that it passed.</returns>
    public long Pass(ReadOnlySequence<byte> bytes, int requests)
    {
        long passed = 0;
        foreach (ReadOnlyMemory<byte> segment in bytes)
        {
            ReadOnlySpan<byte> left = segment.Span;
            while (!left.IsEmpty)
            {
                if (payload > 0)
                {
                    int part = Math.Min(payload, left.Length);
                    payload -= part;
                    left = left[part..];
                    passed += part;
                }
                else
                {
                    Take(left[0]);
                    left = left[1..];
                    passed++;
                }

                if (payload == 0 && at == 0 && type == Headers)
                {
                    type = 0;
                    if (--requests == 0)
                    {
                        return passed;
                    }
                }
            }
        }

        return passed;
    }

    private void Take(byte next)
    {
        switch (at++)
        {
            case 0:
                length = next << 16;
                type = 0;
                break;
            case 1:
                length |= next << 8;
                break;
            case 2:
                length |= next;
                break;
            case 3:
                type = next;
                break;
            case HeaderLength - 1:
                at = 0;
                payload = length;
                break;
        }
    }
}
