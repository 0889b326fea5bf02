namespace Orrery.Storage;

/// <summary>
/// A revisioned key-value log: the only place where Orrery keeps durable state.
/// <para>
/// Every committed transaction that changes something raises the revision by exactly one, and stamps that revision
/// on each key it writes; one that changes nothing (no writes, or only deletes of absent keys) succeeds at the
/// revision that is. (Where others write to the same engine, it rises by more than one.) Revisions never fall, also over restarts and compaction. A transaction is atomic and, once <see cref="CommitAsync"/> has returned success, survives
/// <c>kill -9</c> and power loss. Keys begin with a slash, and are compared by ordinal bytes of their UTF-8 form.
/// </para>
/// Engines pass one conformance suite; a caller may rely on nothing beyond what is said here.
/// </summary>
public interface IStore : IAsyncDisposable
{
    /// <summary>
    /// A revision that includes every transaction acknowledged, by any process on this store, before the call:
    /// what a consistent read must have seen.
    /// </summary>
    ValueTask<long> ReadRevisionAsync(CancellationToken cancellationToken);

    /// <summary>Applies the transaction when all its conditions hold; otherwise changes nothing.</summary>
    /// <exception cref="StoreException">The engine failed; whether the transaction was applied is then unknown only if <see cref="StoreException.OutcomeUnknown"/>.</exception>
    ValueTask<CommitResult> CommitAsync(Transaction transaction, CancellationToken cancellationToken);

    /// <summary>Reads the live key at the newest revision; null when absent.</summary>
    ValueTask<StoredValue?> GetAsync(string key, CancellationToken cancellationToken);

    /// <summary>
    /// Reads keys that begin with <paramref name="prefix"/>, in key order, in one consistent snapshot.
    /// </summary>
    /// <param name="startAfter">Skip keys up to and including this one; null starts at the first.</param>
    /// <param name="limit">Most keys to return; zero means all.</param>
    /// <param name="revision">Zero reads the newest state; otherwise the state as of that revision.</param>
    /// <exception cref="ArgumentOutOfRangeException">The revision has not been reached yet.</exception>
    /// <returns><see cref="RangeResult.IsCompacted"/> when <paramref name="revision"/> is no longer kept.</returns>
    ValueTask<RangeResult> RangeAsync(string prefix, string? startAfter, int limit, long revision, CancellationToken cancellationToken);

    /// <summary>
    /// Streams every change after <paramref name="afterRevision"/> under <paramref name="prefix"/>, in revision
    /// order, without gap or repeat, until cancelled. All changes of one revision come in one batch. Ends with
    /// <see cref="CompactedException"/> when that revision is no longer kept, and with <see cref="ReplacedException"/> when somebody
    /// has put another state in the place of what was there; the caller then ranges again. A slow
    /// reader holds nobody up: what it left behind is read from the log when it comes to it.
    /// </summary>
    IAsyncEnumerable<StoreBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken);

    /// <summary>
    /// Forgets versions that were overwritten or deleted at or before <paramref name="revision"/>. Live values stay, and
    /// the state as of <paramref name="revision"/> itself can still be read.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The revision has not been reached yet.</exception>
    ValueTask CompactAsync(long revision, CancellationToken cancellationToken);
}

/// <summary>A value with the revisions that made it.</summary>
/// <param name="ModRevision">Revision of the last write; a Kubernetes resourceVersion.</param>
/// <param name="CreateRevision">Revision of the write that made the key.</param>
public sealed record StoredValue(string Key, ReadOnlyMemory<byte> Value, long ModRevision, long CreateRevision);

/// <summary>What a range answered.</summary>
/// <param name="Revision">The revision that the snapshot shows.</param>
/// <param name="HasMore">The limit cut the answer short.</param>
public sealed record RangeResult(IReadOnlyList<StoredValue> Items, long Revision, bool HasMore, bool IsCompacted = false);

/// <summary>One atomic change. Each key may occur in at most one write.</summary>
public sealed record Transaction(IReadOnlyList<Condition> Conditions, IReadOnlyList<Write> Writes);

/// <summary>Holds when the key's <see cref="StoredValue.ModRevision"/> is the one given; zero means that the key must be absent.</summary>
public readonly record struct Condition(string Key, long ModRevision);

/// <summary>A put, or a delete where <see cref="Value"/> is null. Deleting an absent key does nothing.</summary>
public readonly record struct Write(string Key, ReadOnlyMemory<byte>? Value);

/// <summary>How a commit ended.</summary>
/// <param name="Succeeded">False: a condition did not hold and nothing was changed.</param>
/// <param name="Revision">The revision made; on failure the newest revision.</param>
/// <param name="FailedCondition">The first condition that did not hold, with what the key really was (null: absent).</param>
public readonly record struct CommitResult(bool Succeeded, long Revision, Condition? FailedCondition = null, StoredValue? Actual = null);

/// <summary>All changes of one revision under the watched prefix.</summary>
public sealed record StoreBatch(long Revision, IReadOnlyList<StoreEvent> Events);

/// <summary>One key's change.</summary>
/// <param name="Value">The new value; null when the key was deleted.</param>
/// <param name="Previous">The value before; null when the key was made.</param>
public sealed record StoreEvent(string Key, StoredValue? Value, StoredValue? Previous);

/// <summary>The revision asked for is no longer kept.</summary>
public sealed class CompactedException(long oldestKept) : Exception($"revision is no longer kept; the oldest is {oldestKept}")
{
    public long OldestKept { get; } = oldestKept;
}

/// <summary>
/// Somebody else than a store of ours put another state in the place of what was there, such as an older one out of a snapshot. What is not there any more was not deleted by anybody
/// who knew of it. Revisions do not fall: those of the new state are beyond all that were handed out.
/// </summary>
public sealed class ReplacedException(string message, long since) : Exception(message)
{
    /// <summary>The revision from which on changes lead to what is there.</summary>
    public long Since { get; } = since;
}

/// <summary>The engine failed (disk full, connection lost, file damaged).</summary>
public sealed class StoreException(string message, bool outcomeUnknown, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>True when the transaction may or may not have been applied.</summary>
    public bool OutcomeUnknown { get; } = outcomeUnknown;

    /// <summary>True when there is no space left to write to. Reads go on, and so do writes once there is space again.</summary>
    public bool IsFull { get; init; }

    /// <summary>True when to try again does not help, as where a right or a key is missing.</summary>
    public bool IsFinal { get; init; }

    /// <summary>True when somebody emptied the store: it answers, and has nothing of what was there.</summary>
    public bool IsEmptied { get; init; }

    /// <summary>True when servers with other keys have the store.</summary>
    public bool IsOfAnotherOwner { get; init; }
}
