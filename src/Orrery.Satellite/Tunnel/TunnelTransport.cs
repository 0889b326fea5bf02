using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace Orrery.Satellite.Tunnel;

/// <summary>Gives Kestrel, in place of a socket that listens, the connections that this process dialled.</summary>
internal sealed class TunnelTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector, IConnectionListener
{
    private readonly Channel<ConnectionContext> dialled = Channel.CreateUnbounded<ConnectionContext>();

    public EndPoint EndPoint { get; } = new DialledEndPoint();

    public bool CanBind(EndPoint endpoint) => endpoint is DialledEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => ValueTask.FromResult<IConnectionListener>(this);

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return await dialled.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            return null;
        }
    }

    /// <summary>Ends with the connection.</summary>
    public async Task ServeAsync(Stream stream, CancellationToken cancellationToken)
    {
        var connection = new DialledConnection(stream);
        if (!dialled.Writer.TryWrite(connection))
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            return;
        }

        await using CancellationTokenRegistration stop = cancellationToken.Register(connection.Leave);
        await connection.Ended.ConfigureAwait(false);
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        dialled.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        dialled.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    private sealed class DialledEndPoint : EndPoint
    {
        public override string ToString() => "tunnel";
    }

    private sealed class DialledConnection : DefaultConnectionContext
    {
        private readonly Stream stream;

        /// <summary>The orderly end, for which the other side is waited for: begun once, by whoever is first.</summary>
        private readonly Lazy<Task> goodbye;
        private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Of its own: the base's is cancelled on another thread and may be disposed by then.</summary>
        private readonly CancellationTokenSource closed = new();

        public DialledConnection(Stream stream)
            : base(Guid.NewGuid().ToString("n"))
        {
            this.stream = stream;
            goodbye = new Lazy<Task>(() => stream.DisposeAsync().AsTask());
            ConnectionClosed = closed.Token;
            Transport = new Pipes(PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true)), new TunnelWriter(PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true))));
        }

        public Task Ended => ended.Task;

        public override void Abort(ConnectionAbortedException abortReason)
        {
            stream.Dispose();
            _ = closed.CancelAsync();
        }

        /// <summary>The satellite stops.</summary>
        public void Leave()
        {
            _ = goodbye.Value;
            _ = closed.CancelAsync();
        }

        public override async ValueTask DisposeAsync()
        {
            await goodbye.Value.ConfigureAwait(false);
            await closed.CancelAsync().ConfigureAwait(false);
            ended.TrySetResult();
            await base.DisposeAsync().ConfigureAwait(false);
        }

        private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
    }
}
