using System.Buffers.Binary;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Orrery.Api;

namespace Orrery.Simulator.Spdy;

/// <summary>
/// The server's side of SPDY/3.1 as kubectl before 1.31, and any other client of a kubelet, speaks it (draft-mbelshe-httpbis-spdy-00): the client opens streams, both sides
/// write to them. Such clients know no flow control, so none is done here.
/// </summary>
internal sealed class SpdyConnection(Stream stream) : IAsyncDisposable
{
    public const string Protocol = "SPDY/3.1";

    private const string VersionHeader = "X-Stream-Protocol-Version";
    private const int LongestFrame = 1024 * 1024;
    private const byte Last = 0x01;

    private readonly Dictionary<int, SpdyStream> streams = [];
    private readonly Channel<SpdyStream> opened = Channel.CreateBounded<SpdyStream>(64);
    private readonly SemaphoreSlim writing = new(1, 1);
    private readonly SpdyHeaders headers = new();
    private bool replied;

    private enum ControlType
    {
        SynStream = 1,
        SynReply = 2,
        Reset = 3,
        Ping = 6,
        GoAway = 7,
    }

    /// <summary>Streams as the client opens them; ends with the connection.</summary>
    public ChannelReader<SpdyStream> Opened => opened.Reader;

    public static bool IsRequested(HttpContext http) =>
        http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } && string.Equals(http.Request.Headers.Upgrade, Protocol, StringComparison.OrdinalIgnoreCase);

    /// <param name="versions">What is spoken within its streams, in order of preference.</param>
    /// <exception cref="StatusException">403: the client speaks none of them.</exception>
    public static async Task<SpdyConnection> AcceptAsync(HttpContext http, IReadOnlyList<string> versions)
    {
        string[] offered = [.. http.Request.Headers[VersionHeader].OfType<string>().SelectMany(v => v.Split(',', StringSplitOptions.TrimEntries))];
        string version = versions.FirstOrDefault(offered.Contains)
            ?? throw ApiErrors.Forbidden(new GroupResource("", "pods"), "", $"unable to negotiate protocol: client supports [{string.Join(' ', offered)}], server accepts [{string.Join(' ', versions)}]");
        http.Response.Headers.Upgrade = Protocol;
        http.Response.Headers[VersionHeader] = version;
        return new SpdyConnection(await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync().ConfigureAwait(false));
    }

    /// <summary>Takes in what the client sends until it closes; to run beside whatever reads and writes.</summary>
    /// <exception cref="InvalidDataException">The client does not speak SPDY/3.</exception>
    public async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        byte[] head = new byte[8];
        try
        {
            while (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false) == head.Length)
            {
                uint first = BinaryPrimitives.ReadUInt32BigEndian(head);
                byte flags = head[4];
                int length = (head[5] << 16) | (head[6] << 8) | head[7];
                if (length > LongestFrame)
                {
                    throw new InvalidDataException("a SPDY frame is too long");
                }

                byte[] content = new byte[length];
                await stream.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
                if ((first & 0x80000000) == 0)
                {
                    await DataAsync((int)first, content, flags, cancellationToken).ConfigureAwait(false);
                }
                else if (!await ControlAsync((ControlType)(first & 0xffff), content, flags, cancellationToken).ConfigureAwait(false))
                {
                    return;
                }
            }
        }
        finally
        {
            opened.Writer.TryComplete();
            foreach (SpdyStream one in streams.Values)
            {
                one.TakeEnd();
            }
        }
    }

    /// <summary>Says that no more streams are taken: the client may close.</summary>
    public ValueTask GoAwayAsync(CancellationToken cancellationToken) => SendAsync(Control(ControlType.GoAway, 0, 0), cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync().ConfigureAwait(false);
        headers.Dispose();
        writing.Dispose();
    }

    internal async ValueTask SendDataAsync(int id, ReadOnlyMemory<byte> bytes, bool last, CancellationToken cancellationToken)
    {
        byte[] frame = new byte[8 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, id);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), bytes.Length);
        frame[4] = last ? Last : (byte)0;
        bytes.CopyTo(frame.AsMemory(8));
        await SendAsync(frame, cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask DataAsync(int id, byte[] content, byte flags, CancellationToken cancellationToken)
    {
        if (!streams.TryGetValue(id, out SpdyStream? to))
        {
            return;
        }

        if (content.Length > 0)
        {
            await to.TakeAsync(content, cancellationToken).ConfigureAwait(false);
        }

        if ((flags & Last) != 0)
        {
            to.TakeEnd();
            streams.Remove(id);
        }
    }

    /// <returns>False when the client says that it goes.</returns>
    private async ValueTask<bool> ControlAsync(ControlType type, byte[] content, byte flags, CancellationToken cancellationToken)
    {
        switch (type)
        {
            case ControlType.SynStream when content.Length >= 10:
                var made = new SpdyStream(this, Number(content) & 0x7fffffff, headers.Read(content.AsSpan(10)));
                streams[made.Id] = made;
                byte[] none = replied ? SpdyHeaders.Empty : SpdyHeaders.EmptyFirst;
                replied = true;
                await SendAsync((byte[])[.. Control(ControlType.SynReply, made.Id, none.Length)[..12], .. none], cancellationToken).ConfigureAwait(false);
                if ((flags & Last) != 0)
                {
                    made.TakeEnd();
                }

                await opened.Writer.WriteAsync(made, cancellationToken).ConfigureAwait(false);
                return true;
            case ControlType.Reset when content.Length >= 4:
                if (streams.Remove(Number(content), out SpdyStream? gone))
                {
                    gone.TakeEnd();
                }

                return true;
            case ControlType.Ping when content.Length >= 4:
                byte[] pong = Control(ControlType.Ping, Number(content), 0)[..12];
                pong[7] = 4;
                await SendAsync(pong, cancellationToken).ConfigureAwait(false);
                return true;
            case ControlType.GoAway:
                return false;
            default:
                // Settings, windows and what else there is change nothing here.
                return true;
        }
    }

    private static int Number(byte[] content) => BinaryPrimitives.ReadInt32BigEndian(content);

    /// <summary>A control frame with two numbers, or with one and room for what follows.</summary>
    private static byte[] Control(ControlType type, int number, int following)
    {
        byte[] frame = new byte[16];
        frame[0] = 0x80;
        frame[1] = 3;
        frame[3] = (byte)type;
        int length = type == ControlType.SynReply ? 4 + following : 8;
        frame[5] = (byte)(length >> 16);
        frame[6] = (byte)(length >> 8);
        frame[7] = (byte)length;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(8), number);
        return frame;
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await stream.WriteAsync(frame, cancellationToken).ConfigureAwait(false);
            await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            writing.Release();
        }
    }
}
