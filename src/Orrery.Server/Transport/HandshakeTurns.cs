using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Orrery.Server.Transport;

/// <summary>
/// Lets so many TLS handshakes run at once, the others by turns (<see cref="HandshakePlaces"/>). When a thousand clients come back at the same moment and all of their handshakes
/// share the processors, all end at the same late moment: after most of the clients have given up, and dial again. One after the other, each that begins is worth its work, and a client
/// that gave up while it waited costs none.
/// </summary>
/// <param name="atOnce">Handshakes at once. More than the processors can work on, for part of a handshake is the way to the client and back.</param>
internal sealed class HandshakeTurns(int atOnce, TimeProvider time)
{
    /// <summary>A client that is slower than this leaves its place to the next, so that slow ones hold up nobody.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    /// <summary>For so many steps a turn lasts on if it is this process that is slow.</summary>
    private const int MostSteps = 20;

    /// <summary>How long a client may take to say its first word.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    private readonly HandshakePlaces places = new(atOnce);

    /// <summary>Turns that nobody has. For tests.</summary>
    public int Free => places.Free;

    /// <summary>In front of the TLS layer.</summary>
    public ConnectionDelegate Before(ConnectionDelegate tls) => async connection =>
    {
        // 1. One that says nothing waits for itself alone.
        if (!await HasBegunAsync(connection))
        {
            return;
        }

        // 2. Its turn, unless it gives up.
        try
        {
            await places.EnterAsync(connection.ConnectionClosed);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        // 3. The handshake; the turn ends with it.
        var turn = new Turn(places, time);
        connection.Features.Set(turn);
        try
        {
            await tls(connection);
        }
        finally
        {
            turn.End();
        }
    };

    /// <summary>Behind the TLS layer: the handshake is done.</summary>
    public static ConnectionDelegate After(ConnectionDelegate next) => connection =>
    {
        connection.Features.Get<Turn>()?.End();
        connection.Features.Set<Turn>(null);
        return next(connection);
    };

    private async ValueTask<bool> HasBegunAsync(ConnectionContext connection)
    {
        using var limit = new CancellationTokenSource(Silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, connection.ConnectionClosed);
        try
        {
            PipeReader input = connection.Transport.Input;
            ReadResult first = await input.ReadAsync(either.Token);
            input.AdvanceTo(first.Buffer.Start);
            return !first.Buffer.IsEmpty;
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            return false;
        }
    }

    private sealed class Turn
    {
        private readonly HandshakePlaces places;

        /// <summary>Null once the turn has ended: the connection holds the turn for as long as it lasts.</summary>
        private ITimer? timer;
        private int steps;
        private int ended;

        public Turn(HandshakePlaces places, TimeProvider time)
        {
            this.places = places;

            // It may fire before it is known here by whom: a process that had no time, or was stopped, between the two.
            timer = time.CreateTimer(static state => ((Turn)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            timer.Change(Step, Step);
        }

        public void End()
        {
            if (Interlocked.Exchange(ref ended, 1) == 0)
            {
                timer?.Dispose();
                timer = null;
                places.Leave();
            }
        }

        /// <summary>While work waits for a thread, the client may well have answered long ago: to let more in would make it only later for all.</summary>
        private void Look()
        {
            if (++steps >= MostSteps || ThreadPool.PendingWorkItemCount == 0)
            {
                End();
            }
        }
    }
}
