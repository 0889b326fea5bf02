namespace Orrery.Server.Transport;

/// <summary>
/// Places for handshakes. One that becomes free goes to whoever has waited longest, and the next to whoever came last: while thousands of a fleet that came at once wait for theirs, somebody who comes
/// later, for whatever else, has its own after two, and not after all of them.
/// </summary>
internal sealed class HandshakePlaces(int count)
{
    private readonly Lock gate = new();
    private readonly LinkedList<TaskCompletionSource> waiting = [];
    private int free = count;
    private bool isTurnOfLast;

    /// <summary>Places that nobody has.</summary>
    public int Free
    {
        get
        {
            lock (gate)
            {
                return free;
            }
        }
    }

    /// <summary>Ends with a place, which is to be left once.</summary>
    /// <exception cref="OperationCanceledException">Whoever waited gave up, and has none.</exception>
    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        LinkedListNode<TaskCompletionSource> place;
        lock (gate)
        {
            if (free > 0)
            {
                free--;
                return;
            }

            place = waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        using CancellationTokenRegistration gone = cancellationToken.UnsafeRegister(_ => GiveUp(place, cancellationToken), null);
        await place.Value.Task;
    }

    public void Leave()
    {
        LinkedListNode<TaskCompletionSource>? next;
        lock (gate)
        {
            next = isTurnOfLast ? waiting.Last : waiting.First;
            if (next is null)
            {
                free++;
                return;
            }

            isTurnOfLast = !isTurnOfLast;
            waiting.Remove(next);
        }

        next.Value.SetResult();
    }

    private void GiveUp(LinkedListNode<TaskCompletionSource> place, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            // It has its place already.
            if (place.List is null)
            {
                return;
            }

            waiting.Remove(place);
        }

        place.Value.SetCanceled(cancellationToken);
    }
}
