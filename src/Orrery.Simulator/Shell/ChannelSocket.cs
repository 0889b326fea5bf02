using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Handlers;

namespace Orrery.Simulator.Shell;

/// <summary>
/// Standard streams over one WebSocket, as Kubernetes' subprotocols <c>v4</c> and <c>v5.channel.k8s.io</c> have it: each binary message begins with the
/// number of its stream (KEP-4006; apimachinery <c>pkg/util/remotecommand/constants.go</c>).
/// </summary>
internal sealed class ChannelSocket(WebSocket socket) : IShellStreams, IAsyncDisposable
{
    /// <summary>In order of preference. The fifth version can close a stream, the fourth cannot.</summary>
    public static readonly IReadOnlyList<string> Protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

    private const byte Input = 0;
    private const byte Output = 1;
    private const byte Errors = 2;
    private const byte Outcome = 3;
    private const byte Close = 255;
    private const int LongestMessage = 1024 * 1024;

    private readonly Channel<ReadOnlyMemory<byte>> input = Channel.CreateBounded<ReadOnlyMemory<byte>>(16);
    private readonly SemaphoreSlim writing = new(1, 1);

    /// <exception cref="StatusException">400: no WebSocket is asked for, or none of the subprotocols.</exception>
    public static async Task<ChannelSocket> AcceptAsync(HttpContext http, TimeSpan keepAlive)
    {
        IReadOnlyList<string> offered = WebSocketUpgrade.Offered(http);
        string? protocol = Protocols.FirstOrDefault(offered.Contains);
        return WebSocketUpgrade.IsRequested(http) && protocol is not null
            ? new ChannelSocket(await WebSocketUpgrade.AcceptAsync(http, protocol, keepAlive).ConfigureAwait(false))
            : throw ApiErrors.BadRequest($"a simulated pod is reached by WebSocket, with one of the subprotocols {string.Join(", ", Protocols)}");
    }

    /// <summary>Waits for <see cref="ReceiveAsync"/> to end, however it does.</summary>
    public static async Task FinishedAsync(Task receiving)
    {
        try
        {
            await receiving.ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException)
        {
            // The client went.
        }
    }

    /// <summary>Takes in what the client sends until it closes; to run beside whatever reads and writes.</summary>
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

    public ValueTask WriteErrorAsync(string text, CancellationToken cancellationToken) => SendAsync(Errors, Encoding.UTF8.GetBytes(text), cancellationToken);

    /// <summary>Says how the program ended, and closes.</summary>
    public async Task EndAsync(int exitCode, CancellationToken cancellationToken)
    {
        JsonObject status = exitCode == 0
            ? new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Success" }
            : new JsonObject
            {
                ["metadata"] = new JsonObject(),
                ["status"] = "Failure",
                ["message"] = $"command terminated with non-zero exit code: exit status {exitCode}",
                ["reason"] = "NonZeroExitCode",
                ["details"] = new JsonObject
                {
                    ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = exitCode.ToString(System.Globalization.CultureInfo.InvariantCulture) }),
                },
            };
        await SendAsync(Outcome, Encoding.UTF8.GetBytes(status.ToJsonString()), cancellationToken).ConfigureAwait(false);
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
