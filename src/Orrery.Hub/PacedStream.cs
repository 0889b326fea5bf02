using System.Buffers.Binary;
using Orrery.Client;

namespace Orrery.Hub;

/// <summary>
/// What carries a satellite's WebSocket. An answer to a ping, by which a satellite says that it lives, also tells it when to say so next, if that is not in an interval: by a pong that
/// nobody asked for, of the milliseconds between that ping and the next beat in four bytes. Whoever makes nothing of it passes over it (RFC 6455, section 5.5.3).
/// </summary>
/// <param name="untilNext">Asked as a ping comes in; null tells nothing.</param>
internal sealed class PacedStream(Stream inner, Func<TimeSpan?> untilNext) : ConnectionStream(inner)
{
    private const byte Pong = 0x8A;
    private const byte Waits = 4;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => Inner.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        buffer.Span is [Pong, 0] && untilNext() is { } wait ? Inner.WriteAsync(Answer(wait), cancellationToken) : Inner.WriteAsync(buffer, cancellationToken);

    private static byte[] Answer(TimeSpan wait)
    {
        byte[] frames = [Pong, 0, Pong, Waits, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(frames.AsSpan(4), (uint)Math.Round(wait.TotalMilliseconds));
        return frames;
    }
}
