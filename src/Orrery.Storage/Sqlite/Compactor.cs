namespace Orrery.Storage.Sqlite;

/// <summary>
/// Forgets versions that were replaced or deleted up to a revision. Each version names the one it replaced, so a sweep
/// over the log finds all there is to forget; it goes in small steps between commits.
/// </summary>
internal sealed class Compactor : IDisposable
{
    /// <summary>Revisions swept in one step: a few milliseconds.</summary>
    internal const int StepSize = 500;

    private readonly Statement read;
    private readonly Statement promise;
    private readonly Statement dropReplaced;
    private readonly Statement dropKeys;
    private readonly Statement dropDeletions;
    private readonly Statement sweep;

    public Compactor(Database database)
    {
        read = database.Prepare("SELECT (SELECT value FROM meta WHERE name='compacted'), (SELECT value FROM meta WHERE name='swept')");
        promise = database.Prepare("UPDATE meta SET value = ?1 WHERE name = 'compacted' AND value < ?1");
        dropReplaced = database.Prepare("DELETE FROM log WHERE id IN (SELECT previous FROM log WHERE id >= ?1 AND id <= ?2 AND previous > 0)");
        dropKeys = database.Prepare(
            "DELETE FROM keys WHERE key IN (SELECT l.key FROM log l JOIN keys k ON k.key = l.key AND k.id = l.id WHERE l.id >= ?1 AND l.id <= ?2 AND l.value IS NULL)");
        dropDeletions = database.Prepare("DELETE FROM log WHERE id >= ?1 AND id <= ?2 AND value IS NULL");
        sweep = database.Prepare("UPDATE meta SET value = ?1 WHERE name = 'swept'");
    }

    /// <summary>Does one step within the transaction that is open.</summary>
    /// <returns>True when all up to the target has been swept.</returns>
    public bool Step(long target)
    {
        // 1. Promise first: from the commit of this step on, nobody reads what later steps take.
        promise.Bind(1, target).Run();
        read.Step();
        long compacted = read.Long(0);
        long swept = read.Long(1);
        read.Reset();

        // 2. Take what the next few revisions replaced, then their deletions.
        if (swept >= compacted)
        {
            return true;
        }

        long upTo = Math.Min(swept + StepSize, compacted);
        foreach (Statement drop in (ReadOnlySpan<Statement>)[dropReplaced, dropKeys, dropDeletions])
        {
            drop.Bind(1, Schema.Id(swept + 1)).Bind(2, Schema.LastId(upTo)).Run();
        }

        sweep.Bind(1, upTo).Run();
        return upTo == compacted;
    }

    public void Dispose()
    {
        foreach (Statement statement in (ReadOnlySpan<Statement>)[read, promise, dropReplaced, dropKeys, dropDeletions, sweep])
        {
            statement.Dispose();
        }
    }
}
