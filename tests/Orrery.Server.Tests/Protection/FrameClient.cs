using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Orrery.Server.Tests.Protection;

/// <summary>Types of frames (RFC 9113, section 6).</summary>
internal enum FrameType : byte
{
    Data = 0,
    Headers = 1,
    Reset = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    WindowUpdate = 8,
}

/// <summary>An HTTP/2 client that does nothing by itself: it sends what it is told, and shows each frame that comes, but for settings.</summary>
internal sealed class FrameClient : IAsyncDisposable
{
    private const byte EndStream = 1, EndHeaders = 4, Acknowledged = 1;

    private readonly SslStream tls;
    private readonly CancellationToken cancellationToken;

    private FrameClient(SslStream tls, CancellationToken cancellationToken)
    {
        this.tls = tls;
        this.cancellationToken = cancellationToken;
    }

    public static async Task<FrameClient> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        var tls = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", ApplicationProtocols = [SslApplicationProtocol.Http2], RemoteCertificateValidationCallback = (_, _, _, _) => true },
            cancellationToken);
        await tls.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), cancellationToken);
        var client = new FrameClient(tls, cancellationToken);
        await client.SendAsync(FrameType.Settings, 0, 0, []);
        return client;
    }

    /// <summary>A POST of a ConfigMap whose body is to come.</summary>
    public Task HeadersAsync(int stream, params (string Name, string Value)[] headers)
    {
        var block = new MemoryStream();
        foreach ((string name, string value) in ((string, string)[])[(":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", "/api/v1/namespaces/default/configmaps"), .. headers])
        {
            // A literal that is not indexed, with a new name (RFC 7541, section 6.2.2); both are shorter than 127 bytes.
            block.WriteByte(0);
            block.WriteByte((byte)name.Length);
            block.Write(Encoding.ASCII.GetBytes(name));
            block.WriteByte((byte)value.Length);
            block.Write(Encoding.ASCII.GetBytes(value));
        }

        return SendAsync(FrameType.Headers, EndHeaders, stream, block.ToArray());
    }

    public Task DataAsync(int stream, byte[] data, bool isLast) => SendAsync(FrameType.Data, isLast ? EndStream : (byte)0, stream, data);

    public Task PingAsync() => SendAsync(FrameType.Ping, 0, 0, new byte[8]);

    /// <summary>Types of the frames that come up to the one that ends a stream.</summary>
    public async Task<List<FrameType>> UntilEndAsync(int stream)
    {
        var all = new List<FrameType>();
        while (true)
        {
            (FrameType type, byte flags, int of, _) = await ReceiveAsync();
            all.Add(type);
            if (of == stream && ((flags & EndStream) != 0 || type is FrameType.Reset))
            {
                return all;
            }
        }
    }

    /// <summary>Types of the frames that come up to the answer to a ping, but for windows that become wider.</summary>
    public async Task<List<FrameType>> UntilPingAsync()
    {
        var all = new List<FrameType>();
        while (!all.Contains(FrameType.Ping))
        {
            (FrameType type, _, _, _) = await ReceiveAsync();
            if (type != FrameType.WindowUpdate)
            {
                all.Add(type);
            }
        }

        return all;
    }

    /// <returns>The next frame, and the code that it says where it says one.</returns>
    public async Task<(FrameType Type, int Code)> NextAsync()
    {
        (FrameType type, _, _, byte[] payload) = await ReceiveAsync();
        return (type, type == FrameType.Reset ? BinaryPrimitives.ReadInt32BigEndian(payload) : -1);
    }

    public ValueTask DisposeAsync() => tls.DisposeAsync();

    private async Task SendAsync(FrameType type, byte flags, int stream, byte[] payload)
    {
        byte[] frame = new byte[9 + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)payload.Length);
        frame[3] = (byte)type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        await tls.WriteAsync(frame, cancellationToken);
        await tls.FlushAsync(cancellationToken);
    }

    /// <summary>The next frame that is not about settings, which are acknowledged.</summary>
    private async Task<(FrameType Type, byte Flags, int Stream, byte[] Payload)> ReceiveAsync()
    {
        while (true)
        {
            byte[] head = new byte[9];
            await tls.ReadExactlyAsync(head, cancellationToken);
            byte[] payload = new byte[(head[0] << 16) | BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(1))];
            await tls.ReadExactlyAsync(payload, cancellationToken);
            var type = (FrameType)head[3];
            if (type == FrameType.Settings)
            {
                if ((head[4] & Acknowledged) == 0)
                {
                    await SendAsync(FrameType.Settings, Acknowledged, 0, []);
                }

                continue;
            }

            if (type == FrameType.WindowUpdate && BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) == 0)
            {
                // Of the connection.
                continue;
            }

            return (type, head[4], BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), payload);
        }
    }
}
