using Orrery.Storage.Etcd.Protocol;

namespace Orrery.Storage.Etcd;

/// <summary>One transaction of ours as one of etcd's.</summary>
internal static class EtcdCommit
{
    /// <param name="mark">What the marker says of how old a revision is.</param>
    public static ReadOnlyMemory<byte> Encode(Transaction transaction, EtcdKeys keys, ReadOnlySpan<byte> mark)
    {
        var request = new TxnRequest();

        // 1. What must hold; and what there is instead when it does not.
        request.ElseRange(RangeRequest.Of(keys.Marker));
        foreach (Condition condition in transaction.Conditions)
        {
            byte[] key = keys.Encode(condition.Key);
            request.WhenModRevision(key, condition.ModRevision);
            request.ElseRange(RangeRequest.Of(key));
        }

        // 2. What to write.
        if (ChangesForCertain(transaction))
        {
            foreach (Write write in transaction.Writes)
            {
                _ = write.Value is { } value ? request.ThenPut(keys.Encode(write.Key), value.Span) : request.ThenDelete(keys.Encode(write.Key));
            }

            return request.ThenPut(keys.Marker, mark).Encoded;
        }

        // 3. Only deletes, perhaps all of absent keys: then the marker must stay as it is, too.
        var deletes = new TxnRequest().ThenRange(RangeRequest.Of(keys.Marker));
        foreach (Write write in transaction.Writes)
        {
            byte[] key = keys.Encode(write.Key);
            deletes.WhenModRevision(key, 0);
            deletes.ElseDelete(key);
        }

        return request.Then(deletes.ElsePut(keys.Marker, mark)).Encoded;
    }

    public static CommitResult Decode(Transaction transaction, TxnResponse response)
    {
        if (response.Succeeded)
        {
            return new CommitResult(true, response.Nested is { Succeeded: true } nothing ? EtcdReader.Newest(nothing.Ranges[0]) : response.Revision);
        }

        for (int i = 0; i < transaction.Conditions.Count; i++)
        {
            Condition condition = transaction.Conditions[i];
            RangeResponse found = response.Ranges[i + 1];
            StoredValue? actual = found.Items.Count == 0 ? null : EtcdReader.Value(condition.Key, found.Items[0]);
            if ((actual?.ModRevision ?? 0) != condition.ModRevision)
            {
                return new CommitResult(false, EtcdReader.Newest(response.Ranges[0]), condition, actual);
            }
        }

        throw new FormatException("etcd says that a condition failed, and shows that all hold");
    }

    private static bool ChangesForCertain(Transaction transaction) =>
        transaction.Writes.Any(write => write.Value is not null
            || transaction.Conditions.Any(condition => condition.ModRevision > 0 && condition.Key == write.Key));
}
