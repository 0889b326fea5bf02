namespace Orrery.Server.Admission.Quota;

/// <summary>One writer at a time for each namespace with quotas; namespaces do not wait for each other, and one that nobody writes to costs nothing.</summary>
internal sealed class QuotaTurns
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Turn> turns = new(StringComparer.Ordinal);

    /// <summary>Waits for its turn; disposing the answer gives it to the next.</summary>
    public async ValueTask<IDisposable> TakeAsync(string key, CancellationToken cancellationToken)
    {
        Turn turn;
        lock (gate)
        {
            turn = turns.TryGetValue(key, out Turn? known) ? known : turns[key] = new Turn(this, key);
            turn.Users++;
        }

        try
        {
            await turn.Free.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Leave(turn);
            throw;
        }

        return turn;
    }

    private void Leave(Turn turn)
    {
        lock (gate)
        {
            if (--turn.Users == 0)
            {
                turns.Remove(turn.Key);
            }
        }
    }

    private sealed class Turn(QuotaTurns owner, string key) : IDisposable
    {
        public string Key => key;

        public int Users { get; set; }

        public SemaphoreSlim Free { get; } = new(1, 1);

        public void Dispose()
        {
            Free.Release();
            owner.Leave(this);
        }
    }
}
