namespace Orrery.Storage;

/// <summary>What every engine asks of a transaction before it looks at the state.</summary>
internal static class TransactionRules
{
    /// <exception cref="ArgumentException">A key is empty, or written twice.</exception>
    public static void Check(Transaction transaction)
    {
        IReadOnlyList<Write> writes = transaction.Writes;
        for (int i = 0; i < writes.Count; i++)
        {
            ArgumentException.ThrowIfNullOrEmpty(writes[i].Key, nameof(transaction));
        }

        if (writes.Count > 1 && writes.Select(write => write.Key).Distinct(StringComparer.Ordinal).Count() != writes.Count)
        {
            throw new ArgumentException("a transaction writes one key twice", nameof(transaction));
        }
    }
}
