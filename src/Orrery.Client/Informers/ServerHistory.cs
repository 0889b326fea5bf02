namespace Orrery.Client;

/// <summary>
/// Whether a server is still in the history that its informers follow. One that was put back to an earlier state goes on from there: a watch that is asked to go on where it was
/// waits for revisions that are to come once more, and hears of nothing meanwhile. Whoever notices says so here, and all that share this list anew.
/// </summary>
public sealed class ServerHistory
{
    private readonly Lock gate = new();
    private CancellationTokenSource present = new();
    private int putBacks;

    /// <summary>How many times it was found put back.</summary>
    public int PutBacks
    {
        get
        {
            lock (gate)
            {
                return putBacks;
            }
        }
    }

    /// <summary>Ends with the present history.</summary>
    public CancellationToken Present
    {
        get
        {
            lock (gate)
            {
                return present.Token;
            }
        }
    }

    /// <summary>The server was put back: what was followed of it so far may not have happened.</summary>
    public void PutBack()
    {
        CancellationTokenSource past;
        lock (gate)
        {
            putBacks++;
            past = present;
            present = new CancellationTokenSource();
        }

        past.Cancel();
    }
}
