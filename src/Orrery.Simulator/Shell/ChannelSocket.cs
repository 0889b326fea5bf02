using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Orrery.Server.Handlers;

namespace Orrery.Simulator.Shell;

/// <summary>
/// Standard streams over one WebSocket, as Kubernetes' subprotocols <c>v4</c> and <c>v5.channel.k8s.io</c> have it: each binary message begins with the
/// number of its stream (KEP-4006; apimachinery <c>pkg/util/remotecommand/constants.go</c>).
/// </summary>
/// <param name="isTerminal">Which has one way out: what is written as an error goes there, and a client opens nothing else.</param>
internal sealed class ChannelSocket(WebSocket socket, bool isTerminal) : IRemoteStreams
{
    /// <summary>In order of preference. The fifth version can close a stream, the fourth cannot.</summary>
    public static readonly IReadOnlyList<string> Protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

    private const byte Input = 0;
    private const byte Output = 1;
    private const byte Errors = 2;
    private const byte Outcome = 3;
    private const byte Resize = 4;
    private const byte Close = 255;
    private const int LongestMessage = 1024 * 1024;

    /// <summary>
    /// Before the first answer, as a container runtime takes some time to start a program: kubectl up to 1.32 at least begins to read before it knows what to do with what it reads, and drops what comes by then
    /// ("Unknown stream id 1, discarding message"). Of 240 copies out of a pod on a busy machine four came to nothing.
    /// </summary>
    private static readonly TimeSpan Starting = TimeSpan.FromMilliseconds(100);

    private readonly Channel<ReadOnlyMemory<byte>> input = Channel.CreateBounded<ReadOnlyMemory<byte>>(16);
    private readonly SemaphoreSlim writing = new(1, 1);
    private volatile TerminalSize? size;

    public TerminalSize? Size => size;

    /// <returns>Null when none of the subprotocols is offered.</returns>
    public static async Task<ChannelSocket?> AcceptAsync(HttpContext http, TimeSpan keepAlive, TimeProvider time, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> offered = WebSocketUpgrade.Offered(http);
        if (!WebSocketUpgrade.IsRequested(http) || Protocols.FirstOrDefault(offered.Contains) is not { } protocol)
        {
            return null;
        }

        var accepted = new ChannelSocket(await WebSocketUpgrade.AcceptAsync(http, protocol, keepAlive).ConfigureAwait(false), http.Request.Query["tty"] is [("true" or "1"), ..]);
        await Task.Delay(Starting, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return accepted;
    }

    public async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[32 * 1024];
        using var message = new MemoryStream();
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult got = await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken).ConfigureAwait(false);
                if (got.MessageType == WebSocketMessageType.Close || message.Length + got.Count > LongestMessage)
                {
                    return;
                }

                message.Write(buffer, 0, got.Count);
                if (got.EndOfMessage)
                {
                    await TakeAsync(message.ToArray(), cancellationToken).ConfigureAwait(false);
                    message.SetLength(0);
                }
            }
        }
        finally
        {
            input.Writer.TryComplete();
        }
    }

    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken) =>
        await input.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false) && input.Reader.TryRead(out ReadOnlyMemory<byte> bytes) ? bytes : default;

    public ValueTask WriteAsync(ReadOnlyMemory<byte> output, CancellationToken cancellationToken) => SendAsync(Output, output, cancellationToken);

    public ValueTask WriteErrorAsync(string text, CancellationToken cancellationToken) => SendAsync(isTerminal ? Output : Errors, Encoding.UTF8.GetBytes(text), cancellationToken);

    public async Task EndAsync(int exitCode, CancellationToken cancellationToken)
    {
        await SendAsync(Outcome, ExitStatus.Of(exitCode), cancellationToken).ConfigureAwait(false);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        socket.Dispose();
        writing.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask TakeAsync(byte[] message, CancellationToken cancellationToken)
    {
        switch (message)
        {
            case [Input, _, ..]:
                await input.Writer.WriteAsync(message.AsMemory(1), cancellationToken).ConfigureAwait(false);
                break;
            case [Resize, _, ..]:
                size = TerminalSize.Parse(message.AsMemory(1)) ?? size;
                break;
            case [Close, Input]:
                input.Writer.TryComplete();
                break;
        }
    }

    private async ValueTask SendAsync(byte channel, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            byte[] message = new byte[bytes.Length + 1];
            message[0] = channel;
            bytes.CopyTo(message.AsMemory(1));
            await socket.SendAsync(message.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            writing.Release();
        }
    }
}
