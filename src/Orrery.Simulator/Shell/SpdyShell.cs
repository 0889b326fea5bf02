using System.Text;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Simulator.Spdy;

namespace Orrery.Simulator.Shell;

/// <summary>Standard streams over SPDY, as <c>v4.channel.k8s.io</c> has it there: the client opens one stream for each, and says in its headers which it is.</summary>
internal sealed class SpdyShell : IRemoteStreams
{
    private static readonly IReadOnlyList<string> Versions = ["v4.channel.k8s.io"];

    /// <summary>How long a client may take to open its streams (kubelet <c>pkg/cri/streaming/remotecommand</c>: 30 s).</summary>
    private static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(30);

    private readonly SpdyConnection connection;
    private readonly Task receiving;
    private readonly Dictionary<string, SpdyStream> streams;
    private volatile TerminalSize? size;

    private SpdyShell(SpdyConnection connection, Task receiving, Dictionary<string, SpdyStream> streams)
    {
        this.connection = connection;
        this.receiving = receiving;
        this.streams = streams;
    }

    /// <summary>Ends once every stream is open that the query announces.</summary>
    public static async Task<SpdyShell> AcceptAsync(HttpContext http, TimeProvider time, CancellationToken cancellationToken)
    {
        SpdyConnection connection = await SpdyConnection.AcceptAsync(http, Versions).ConfigureAwait(false);
        Task receiving = connection.ReceiveAsync(cancellationToken);
        var streams = new Dictionary<string, SpdyStream>(StringComparer.Ordinal);
        bool tty = IsOn(http, "tty");
        int wanted = 1 + (IsOn(http, "stdin") ? 1 : 0) + (IsOn(http, "stdout") ? 1 : 0) + (IsOn(http, "stderr") && !tty ? 1 : 0) + (tty ? 1 : 0);
        using var limit = new CancellationTokenSource(OpenLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            while (streams.Count < wanted && await connection.Opened.WaitToReadAsync(both.Token).ConfigureAwait(false))
            {
                while (connection.Opened.TryRead(out SpdyStream? opened))
                {
                    streams[opened.Headers.GetValueOrDefault("streamType", "")] = opened;
                }
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // It gets by with those that it has opened.
        }

        return new SpdyShell(connection, receiving, streams);
    }

    public TerminalSize? Size => size;

    public Task ReceiveAsync(CancellationToken cancellationToken) => Task.WhenAll(receiving, ReadSizesAsync(cancellationToken));

    public ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken) =>
        streams.TryGetValue("stdin", out SpdyStream? input) ? input.ReadAsync(cancellationToken) : ValueTask.FromResult<ReadOnlyMemory<byte>>(default);

    public ValueTask WriteAsync(ReadOnlyMemory<byte> output, CancellationToken cancellationToken) =>
        streams.TryGetValue("stdout", out SpdyStream? to) ? to.WriteAsync(output, cancellationToken) : ValueTask.CompletedTask;

    /// <summary>A terminal has one way out.</summary>
    public ValueTask WriteErrorAsync(string text, CancellationToken cancellationToken) =>
        streams.TryGetValue("stderr", out SpdyStream? to) ? to.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken) : WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);

    public async Task EndAsync(int exitCode, CancellationToken cancellationToken)
    {
        if (streams.TryGetValue("error", out SpdyStream? outcome))
        {
            await outcome.WriteAsync(ExitStatus.Of(exitCode), cancellationToken).ConfigureAwait(false);
        }

        foreach (SpdyStream stream in streams.Values)
        {
            await stream.EndAsync(cancellationToken).ConfigureAwait(false);
        }

        await connection.GoAwayAsync(cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    /// <summary>A line for each.</summary>
    private async Task ReadSizesAsync(CancellationToken cancellationToken)
    {
        if (!streams.TryGetValue("resize", out SpdyStream? resize))
        {
            return;
        }

        byte[] unread = [];
        while (await resize.ReadAsync(cancellationToken).ConfigureAwait(false) is { IsEmpty: false } bytes)
        {
            unread = [.. unread, .. bytes.Span];
            for (int end; (end = Array.IndexOf(unread, (byte)'\n')) >= 0; unread = unread[(end + 1)..])
            {
                size = TerminalSize.Parse(unread.AsMemory(0, end)) ?? size;
            }
        }
    }

    private static bool IsOn(HttpContext http, string flag) => http.Request.Query[flag] is [("true" or "1"), ..];
}
