using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Orrery.Server.Transport.Sockets;

namespace Orrery.Server.Transport;

/// <summary>
/// Lets the framework look at each connection every five seconds (has it been idle for too long, is its body too slow, has its keep-alive been answered), where it would every second:
/// a satellite or a client that waits is quiet for ten, and the looks were a sixth of what it cost. At one that rests (<see cref="IRestingConnection"/>) it looks every five minutes.
/// </summary>
internal sealed class ConnectionLooks : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>At each such look also at those that rest: they say now and then that they live, and somebody else listens for it. A look wakes all of a connection, which costs as much as to hear it.</summary>
    private const int RestingToo = 60;

    /// <summary>At each such look <see cref="Also"/> is done.</summary>
    private const int OthersToo = 6;

    private readonly ConcurrentDictionary<Looks, bool> connections = new();
    private readonly ILogger<ConnectionLooks> log;
    private readonly ITimer timer;
    private int isLooking;
    private int looks;

    /// <param name="time">The framework reckons with the machine's own, whatever else the server goes by.</param>
    public ConnectionLooks(TimeProvider time, ILogger<ConnectionLooks> log)
    {
        this.log = log;
        timer = time.CreateTimer(static state => ((ConnectionLooks)state!).LookAtAll(), this, Interval, Interval);
    }

    /// <summary>What else is done every half a minute. Null is nothing.</summary>
    public Action? Also { get; set; }

    /// <summary>Connections at which somebody wants to look. For tests.</summary>
    public int Waiting => connections.Count(c => c.Key.Any);

    /// <summary>
    /// Of the time between two looks the framework counts a second at most, since it takes more for a sign that the machine had no time. It also takes the moment of its last look for now, so that the first look
    /// may come at once. So rates are for what it counts, and of that there is a second a look: nobody who is as fast as before is cut off, and who is not is within an interval more than before.
    /// </summary>
    public static void BePatient(KestrelServerLimits limits)
    {
        limits.MinRequestBodyDataRate = Patient(limits.MinRequestBodyDataRate);
        limits.MinResponseDataRate = Patient(limits.MinResponseDataRate);
    }

    /// <summary>In front of whatever wants to look.</summary>
    public ConnectionDelegate Before(ConnectionDelegate next) => async connection =>
    {
        var own = new Looks(connection.Features.Get<IRestingConnection>());
        connection.Features.Set<IConnectionHeartbeatFeature>(own);
        connections[own] = true;
        try
        {
            await next(connection);
        }
        finally
        {
            connections.TryRemove(own, out _);
        }
    };

    public void Dispose() => timer.Dispose();

    private static MinDataRate? Patient(MinDataRate? rate)
    {
        if (rate is null)
        {
            return null;
        }

        // So many whole intervals lie in what it has at first, and one look more finds them over.
        double intervals = Math.Max(1, Math.Ceiling(rate.GracePeriod / Interval));
        return new MinDataRate(rate.BytesPerSecond * Interval.TotalSeconds * intervals / (intervals + 1), TimeSpan.FromSeconds(intervals + 0.5));
    }

    private void LookAtAll()
    {
        // Whoever looks counts on being alone, however long it takes.
        if (Interlocked.Exchange(ref isLooking, 1) != 0)
        {
            return;
        }

        try
        {
            bool isAtAll = ++looks % RestingToo == 0;
            foreach ((Looks connection, _) in connections)
            {
                if (isAtAll || !connection.IsResting)
                {
                    Look(connection, static c => c.Look());
                }
            }

            if (looks % OthersToo == 0 && Also is { } also)
            {
                Look(also, static a => a());
            }
        }
        finally
        {
            Volatile.Write(ref isLooking, 0);
        }
    }

    private void Look<T>(T one, Action<T> look)
    {
        try
        {
            look(one);
        }
        catch (Exception fault)
        {
            // A connection that cannot be looked at must not keep the others from it.
            log.ConnectionNotLookedAt(fault);
        }
    }

    /// <summary>What is to be done at each look at one connection.</summary>
    /// <param name="connection">Null for one that never rests.</param>
    private sealed class Looks(IRestingConnection? connection) : IConnectionHeartbeatFeature
    {
        private readonly Lock change = new();
        private volatile (Action<object> Action, object State)[] actions = [];

        public bool IsResting => connection?.IsResting ?? false;

        public bool Any => actions.Length > 0;

        public void OnHeartbeat(Action<object> action, object state)
        {
            lock (change)
            {
                actions = [.. actions, (action, state)];
            }
        }

        public void Look()
        {
            foreach ((Action<object> action, object state) in actions)
            {
                action(state);
            }
        }
    }
}
