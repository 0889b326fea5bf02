using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Orrery.Storage;

namespace Orrery.Server.Transport.Sockets;

/// <summary>
/// A thread that learns which sockets are ready. There are two in a process: one hands what there is to do to the pool at once. The other is for connections that are there to wait: it lets what
/// comes within some milliseconds gather, and then does all of it by itself, since to wake a thread for each costs more than the work.
/// </summary>
internal sealed class SocketLoop
{
    private const int AtATime = 256;

    /// <summary>What arrives together is spread over some milliseconds by the clients' own work and the network.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(4);

    private static readonly Lazy<SocketLoop> Instant = new(() => new SocketLoop("sockets", TimeSpan.Zero));
    private static readonly Lazy<SocketLoop> Patient = new(() => new SocketLoop("quiet sockets", Gathering));

    /// <summary>Shared by both, so that a connection keeps its key when it moves.</summary>
    private static readonly Lock Change = new();
    private static readonly Stack<int> Free = new();
    private static EpollConnection?[] connections = new EpollConnection?[64];
    private static int used;

    [ThreadStatic]
    private static bool isPatientThread;

    /// <summary>Whether this thread sends what it writes, for now.</summary>
    [ThreadStatic]
    private static bool isSending;

    private readonly Epoll epoll = new(AtATime);
    private readonly TimeSpan gathering;

    private SocketLoop(string name, TimeSpan gathering)
    {
        this.gathering = gathering;
        new Thread(Run) { IsBackground = true, Name = name }.UnsafeStart();
    }

    /// <summary>For connections that carry work.</summary>
    public static SocketLoop Prompt => Instant.Value;

    /// <summary>For connections that rest.</summary>
    public static SocketLoop Resting => Patient.Value;

    /// <summary>Whether the thread that asks is the one for resting connections, in which whatever came in is heard before the next is read.</summary>
    public static bool IsPatientThread => isPatientThread;

    /// <summary>Goes on within the thread for resting connections, where that is the one that asks, or within one that sends what it writes, and otherwise in the pool.</summary>
    public static PipeScheduler Scheduler { get; } = new HereOrPool();

    /// <summary>Goes on in the pool, if this is the thread for resting connections: that one hears that satellites live, and whatever takes longer leaves it.</summary>
    public static ConfiguredTaskAwaitable Elsewhere() => Task.CompletedTask.ConfigureAwait(isPatientThread ? ConfigureAwaitOptions.ForceYielding : ConfigureAwaitOptions.None);

    /// <summary>Writes to the pipe whose reader sends, and sends within this thread: for a connection of which little is said a second piece of work in the pool costs more than the sending.</summary>
    public static ValueTask<FlushResult> WriteAndSend(PipeWriter output, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        bool before = isSending;
        isSending = true;
        try
        {
            return output.WriteAsync(bytes, cancellationToken);
        }
        finally
        {
            isSending = before;
        }
    }

    /// <returns>The key of a connection, for both loops.</returns>
    public static int Enter(EpollConnection connection)
    {
        lock (Change)
        {
            if (!Free.TryPop(out int key))
            {
                key = used++;
                if (key == connections.Length)
                {
                    EpollConnection?[] more = new EpollConnection?[key * 2];
                    connections.CopyTo(more, 0);
                    Volatile.Write(ref connections, more);
                }
            }

            connections[key] = connection;
            return key;
        }
    }

    /// <summary>Its socket is closed: what is still told of it means another connection at most, which finds that there is nothing.</summary>
    public static void Leave(int key)
    {
        lock (Change)
        {
            connections[key] = null;
            Free.Push(key);
        }
    }

    /// <summary>From now on, and what is ready already.</summary>
    public void Watch(EpollConnection connection) => epoll.Watch(connection.Handle, connection.Key);

    public void Forget(EpollConnection connection) => epoll.Forget(connection.Handle);

    private void Run()
    {
        isPatientThread = gathering > TimeSpan.Zero;
        if (!isPatientThread)
        {
            // Whatever is asked comes through here, and takes some microseconds of it.
            ThreadUrgency.Raise();
        }

        bool isMore = false;
        while (true)
        {
            int count = epoll.Wait(forever: !isMore);
            if (isPatientThread && !isMore)
            {
                Epoll.Sleep(gathering);
            }

            for (int i = 0; i < count; i++)
            {
                (int key, uint events) = epoll.Told(i);
                if (Volatile.Read(ref connections) is var all && key < all.Length && Volatile.Read(ref all[key]) is { } connection)
                {
                    connection.OnReady(events, isPatientThread);
                }
            }

            isMore = isPatientThread && count > 0;
        }
    }

    private sealed class HereOrPool : PipeScheduler
    {
        public override void Schedule(Action<object?> action, object? state)
        {
            if (isPatientThread || isSending)
            {
                action(state);
            }
            else
            {
                ThreadPool.Schedule(action, state);
            }
        }
    }
}
