using System.Collections.Concurrent;

namespace Orrery.Hub;

/// <summary>
/// Gives up tunnels in which nothing is heard any more, and lets those rest in which nothing is said. There is one clock for all, since a timer each would cost more than the heartbeats; and one that rests is
/// looked at once an interval, or as soon as it can have been silent for too long: to look at ten thousand, of which none is in the processor's caches, costs a tenth of what hearing them does.
/// </summary>
/// <param name="heartbeat">How often each satellite says that it lives; one that has said nothing for twice as long is given up, a fourth of it later at most.</param>
internal sealed class TunnelLooks(TimeSpan heartbeat, TimeProvider time)
{
    private const int LooksABeat = 4;

    private readonly TimeSpan interval = heartbeat / LooksABeat;
    private readonly ConcurrentQueue<Tunnel> opened = new();

    /// <summary>By the look at which they are next, in a circle.</summary>
    private readonly List<Tunnel>[] due = [.. Enumerable.Range(0, LooksABeat + 1).Select(_ => new List<Tunnel>())];
    private int now;

    /// <summary>It is looked at from the next time on, until it is closed.</summary>
    public void Opened(Tunnel tunnel) => opened.Enqueue(tunnel);

    /// <summary>Until cancelled. Not twice at a time.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var tick = new PeriodicTimer(interval, time);
        while (await tick.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            Look();
        }
    }

    /// <summary>One look, at those that are due.</summary>
    public void Look()
    {
        now = (now + 1) % due.Length;
        List<Tunnel> these = due[now];
        while (opened.TryDequeue(out Tunnel? tunnel))
        {
            these.Add(tunnel);
        }

        foreach (Tunnel tunnel in these)
        {
            if (!tunnel.Closed.IsCompleted)
            {
                LookAt(tunnel);
            }
        }

        these.Clear();
    }

    private void LookAt(Tunnel tunnel)
    {
        TimeSpan left = (heartbeat * 2) - tunnel.Quiet;
        if (left < TimeSpan.Zero)
        {
            tunnel.GiveUp();
            return;
        }

        tunnel.Carrier?.MayRest();
        int looks = tunnel.Carrier is { IsResting: true } ? Math.Clamp((int)Math.Ceiling(left / interval), 1, LooksABeat) : 1;
        due[(now + looks) % due.Length].Add(tunnel);
    }
}
