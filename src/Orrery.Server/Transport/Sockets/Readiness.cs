using System.Runtime.CompilerServices;

namespace Orrery.Server.Transport.Sockets;

/// <summary>
/// That a socket may be ready, for the one who awaits it; awaiting takes it. Being told twice before that is being told once.
/// As a piece of work it is that one going on.
/// </summary>
internal sealed class Readiness : ICriticalNotifyCompletion, IThreadPoolWorkItem
{
    private static readonly Action Told = static () => { };

    /// <summary>Null, who waits, or <see cref="Told"/>.</summary>
    private Action? state;
    private Action? taken;

    public bool IsCompleted => ReferenceEquals(Interlocked.CompareExchange(ref state, null, Told), Told);

    /// <summary>Whether somebody waits who has not been told.</summary>
    public bool IsAwaited => Volatile.Read(ref state) is { } now && !ReferenceEquals(now, Told);

    public Readiness GetAwaiter() => this;

    public void GetResult()
    {
        // There is nothing but that it is so.
    }

    public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

    public void UnsafeOnCompleted(Action continuation)
    {
        if (Interlocked.CompareExchange(ref state, continuation, null) is not null)
        {
            // Told since it was asked. What is told now as well is found by whoever goes on.
            Volatile.Write(ref state, null);
            taken = continuation;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>It may be ready.</summary>
    /// <returns>Whether somebody waited, who must now go on: by <see cref="Execute"/>, here or elsewhere.</returns>
    public bool Tell()
    {
        while (true)
        {
            Action? before = Volatile.Read(ref state);
            if (ReferenceEquals(before, Told))
            {
                return false;
            }

            if (!ReferenceEquals(Interlocked.CompareExchange(ref state, before is null ? Told : null, before), before))
            {
                continue;
            }

            if (before is null)
            {
                return false;
            }

            taken = before;
            return true;
        }
    }

    public void Execute()
    {
        Action now = taken!;
        taken = null;
        now();
    }
}
