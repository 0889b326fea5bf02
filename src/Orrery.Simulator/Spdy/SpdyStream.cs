using System.Threading.Channels;

namespace Orrery.Simulator.Spdy;

/// <summary>One stream of a SPDY connection, opened by the client.</summary>
/// <param name="headers">What the client said of it.</param>
internal sealed class SpdyStream(SpdyConnection connection, int id, IReadOnlyDictionary<string, string> headers)
{
    private readonly Channel<ReadOnlyMemory<byte>> input = Channel.CreateBounded<ReadOnlyMemory<byte>>(64);

    public int Id => id;

    public IReadOnlyDictionary<string, string> Headers => headers;

    /// <returns>The next bytes; empty at the end.</returns>
    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken) =>
        await input.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false) && input.Reader.TryRead(out ReadOnlyMemory<byte> bytes) ? bytes : default;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => connection.SendDataAsync(id, bytes, last: false, cancellationToken);

    /// <summary>Says that nothing more comes from here.</summary>
    public ValueTask EndAsync(CancellationToken cancellationToken) => connection.SendDataAsync(id, default, last: true, cancellationToken);

    internal ValueTask TakeAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => input.Writer.WriteAsync(bytes, cancellationToken);

    internal void TakeEnd() => input.Writer.TryComplete();
}
