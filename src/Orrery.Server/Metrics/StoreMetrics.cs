using Orrery.Storage;

namespace Orrery.Server.Metrics;

/// <summary>What was asked of the store about one resource, whichever engine it is. What is not asked for costs nothing.</summary>
internal sealed class StoreMetrics
{
    /// <summary>As upstream spells them (apiserver <c>pkg/storage/etcd3/store.go</c>).</summary>
    public static readonly string[] Operations = ["create", "update", "delete", "get"];

    private readonly StoreSeries?[] series = new StoreSeries?[Operations.Length];

    /// <summary>Null where it was never asked for.</summary>
    public StoreSeries? Of(int operation) => Volatile.Read(ref series[operation]);

    public StoreSeries For(StoreOperation operation) => Of((int)operation) ?? Make((int)operation);

    /// <summary>By what it does to the object that it is about, which is written first.</summary>
    public static StoreOperation OperationOf(Transaction transaction)
    {
        Write about = transaction.Writes[0];
        if (about.Value is null)
        {
            return StoreOperation.Delete;
        }

        foreach (Condition condition in transaction.Conditions)
        {
            if (condition.ModRevision == 0 && condition.Key == about.Key)
            {
                return StoreOperation.Create;
            }
        }

        return StoreOperation.Update;
    }

    private StoreSeries Make(int operation)
    {
        var made = new StoreSeries();
        return Interlocked.CompareExchange(ref series[operation], made, null) ?? made;
    }
}

/// <summary>Indexes of <see cref="StoreMetrics.Operations"/>.</summary>
internal enum StoreOperation
{
    Create,
    Update,
    Delete,
    Get,
}

/// <summary>How long they took, those that failed among them.</summary>
internal sealed class StoreSeries
{
    private long errors;

    public Histogram Durations { get; } = new();

    /// <summary>The engine failed; a condition that did not hold is an answer.</summary>
    public long Errors => Interlocked.Read(ref errors);

    public void End(TimeSpan took, bool failed)
    {
        Durations.Record(took);
        if (failed)
        {
            Interlocked.Increment(ref errors);
        }
    }
}
