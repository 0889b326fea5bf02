using System.Security.Cryptography;
using Orrery.Client;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// What carries a client's WebSocket, in which this side says now and then that it lives. Most beats are pongs that nobody asked for (RFC 6455, section 5.5.3): they want no
/// answer, which is half of what a beat costs whoever hears thousands. Every third is a ping, and whoever answers it lives too.
/// </summary>
internal sealed class BeatingStream(Stream inner, TimeProvider time) : ConnectionStream(inner)
{
    /// <summary>How often it says that it lives. The control plane gives it up after twice as long.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(10);

    private const int BeatsAPing = 3;

    /// <summary>So many beats after a ping in which nothing came in, not even its answer, there is no connection.</summary>
    private const int Patience = 2;

    private const byte Ping = 0x89;
    private const byte Pong = 0x8A;

    /// <summary>A frame from a client is masked, also when there is nothing to mask.</summary>
    private const byte MaskedAndEmpty = 0x80;

    /// <summary>Frames must not fall into each other.</summary>
    private readonly SemaphoreSlim writing = new(1);

    private readonly byte[] frame = new byte[6];
    private ITimer? timer;
    private volatile bool isHeard = true;
    private int beats;
    private int unheard;
    private int isBeating;

    /// <summary>From now on what goes through it are frames, and it beats until it is disposed of.</summary>
    public void Begin() => timer = time.CreateTimer(static state => ((BeatingStream)state!).OnBeat(), this, Beat, Beat);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await Inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (read > 0)
        {
            isHeard = true;
        }

        return read;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await Inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            writing.Release();
        }
    }

    public override ValueTask DisposeAsync()
    {
        timer?.Dispose();
        return base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
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
        else if (++unheard >= Patience)
        {
            Dispose();
            return;
        }

        // 2. The next beat, unless the one before is still on its way.
        if (Interlocked.Exchange(ref isBeating, 1) == 0)
        {
            bool isPing = ++beats % BeatsAPing == 0;
            if (isPing)
            {
                isHeard = false;
            }

            _ = BeatAsync(isPing ? Ping : Pong);
        }
    }

    private async Task BeatAsync(byte kind)
    {
        try
        {
            frame[0] = kind;
            frame[1] = MaskedAndEmpty;
            RandomNumberGenerator.Fill(frame.AsSpan(2));
            await WriteAsync(frame, CancellationToken.None).ConfigureAwait(false);
            await FlushAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception gone) when (gone is IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
        {
            // Whoever reads learns of the end.
            timer?.Dispose();
        }
        finally
        {
            Interlocked.Exchange(ref isBeating, 0);
        }
    }
}
