using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Orrery.Server.Transport.Sockets;

namespace Orrery.Server.Transport;

/// <summary>
/// Hands the TLS records of a large answer to the socket several at a time. The layer that encrypts writes one, sends it, and only then makes the next, and for each the system
/// goes its whole way to the network and wakes whoever reads: a third of what a large list costs. A record that is full is not the last of what it writes, for it
/// flushes after that; any other goes on at once, with what waits. What is said over a connection that rests is sent by whoever says it.
/// </summary>
/// <param name="connection">Null for one that never rests.</param>
internal sealed class GatheredRecords(PipeWriter next, IRestingConnection? connection = null) : PipeWriter
{
    /// <summary>Least length of what a full record becomes (RFC 8446 5.1, 5.2).</summary>
    private const int FullRecord = 16 * 1024;

    /// <summary>So many bytes go on however many follow: half of what the connection takes before it waits for the client.</summary>
    private const int MostHeld = 128 * 1024;

    private int held;

    public override bool CanGetUnflushedBytes => next.CanGetUnflushedBytes;

    public override long UnflushedBytes => next.UnflushedBytes;

    /// <summary>In front of the TLS layer, which then writes through here.</summary>
    public static ConnectionDelegate Before(ConnectionDelegate tls) => connection =>
    {
        connection.Transport = new Sides(connection.Transport.Input, new GatheredRecords(connection.Transport.Output, connection.Features.Get<IRestingConnection>()));
        return tls(connection);
    };

    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        if (source.Length < FullRecord || held + source.Length > MostHeld)
        {
            held = 0;
            return connection is { IsResting: true } ? SocketLoop.WriteAndSend(next, source, cancellationToken) : next.WriteAsync(source, cancellationToken);
        }

        held += source.Length;
        next.Write(source.Span);
        return default;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        held = 0;
        return next.FlushAsync(cancellationToken);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => next.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => next.GetSpan(sizeHint);

    public override void Advance(int bytes) => next.Advance(bytes);

    public override void CancelPendingFlush() => next.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => next.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => next.CompleteAsync(exception);

    private sealed record Sides(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
