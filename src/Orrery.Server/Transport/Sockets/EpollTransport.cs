using System.Buffers;
using System.ComponentModel;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace Orrery.Server.Transport.Sockets;

/// <summary>
/// Gives Kestrel its connections in place of its own transport by sockets. That one takes three calls to the system and three pieces of work, one after the other, for whatever comes in; this one takes one and two.
/// </summary>
/// <param name="pools">What connections hold is memory of theirs.</param>
/// <param name="backlog">Connections that the system keeps until they are accepted.</param>
internal sealed class EpollTransport(IMemoryPoolFactory<byte> pools, int backlog, ILogger<EpollTransport> log) : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    /// <summary>Whether this system has what it takes.</summary>
    public static bool IsPossible => OperatingSystem.IsLinux();

    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint;

    /// <exception cref="AddressInUseException">Somebody listens there.</exception>
    /// <exception cref="IOException">This machine has no such address, or the port is not for this user.</exception>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket listening;
        try
        {
            listening = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(e.Message, e);
        }
        catch (SocketException e)
        {
            throw new IOException($"nothing can listen at {endpoint}: {e.Message}", e);
        }

        listening.Listen(backlog);
        return ValueTask.FromResult<IConnectionListener>(new Listener(listening, pools.Create(), log));
    }

    private sealed class Listener(Socket listening, MemoryPool<byte> memory, ILogger<EpollTransport> log) : IConnectionListener
    {
        /// <summary>How long nobody is accepted when the process has as many files open as it may.</summary>
        private static readonly TimeSpan Full = TimeSpan.FromMilliseconds(100);

        private const int MostUnread = 1024 * 1024;
        private const int MostUnsent = 64 * 1024;

        // In a thread of the pool, unless the connection rests. What is written could go to the socket at once, within whoever wrote it; but then each of many answers goes by itself, and a GET costs twice as much.
        private readonly PipeOptions input = new(memory, SocketLoop.Scheduler, PipeScheduler.ThreadPool, MostUnread, MostUnread / 2, useSynchronizationContext: false);
        private readonly PipeOptions output = new(memory, SocketLoop.Scheduler, PipeScheduler.ThreadPool, MostUnsent, MostUnsent / 2, useSynchronizationContext: false);

        public EndPoint EndPoint { get; } = listening.LocalEndPoint!;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                try
                {
                    return Begin(await listening.AcceptAsync(cancellationToken).ConfigureAwait(false));
                }
                catch (ObjectDisposedException)
                {
                    return null;
                }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.OperationAborted)
                {
                    return null;
                }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable)
                {
                    // It is refused at once and again, and who waits goes on waiting: until something is closed there is nothing to do.
                    log.ConnectionNotAccepted(e);
                    await Task.Delay(Full, TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
                catch (SocketException)
                {
                    // The client left before it was accepted.
                }
                catch (Win32Exception fault)
                {
                    log.ConnectionNotWatched(fault);
                }
            }
        }

        private EpollConnection Begin(Socket accepted)
        {
            EpollConnection? connection = null;
            try
            {
                accepted.NoDelay = true;
                accepted.Blocking = false;
                connection = new EpollConnection(accepted, memory, input, output);
                connection.Start();
                return connection;
            }
            catch
            {
                connection?.Abort();
                accepted.Dispose();
                throw;
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            listening.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            listening.Dispose();
            memory.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
