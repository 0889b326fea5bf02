using System.Text;

namespace Orrery.Storage.Tests;

/// <summary>What <see cref="IStore"/> promises, asked of one engine. Each engine derives a class; partial files hold a topic each.</summary>
public abstract partial class StoreConformance : IAsyncLifetime
{
    protected IStore Store { get; private set; } = null!;

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>An empty store.</summary>
    protected abstract ValueTask<IStore> OpenAsync();

    protected static Write Put(string key, string value) => new(key, Encoding.UTF8.GetBytes(value));

    protected static Write Delete(string key) => new(key, null);

    protected static string Text(StoredValue? value) => value is null ? "<absent>" : Encoding.UTF8.GetString(value.Value.Span);

    protected static string Show(RangeResult range) => string.Join(" ", range.Items.Select(item => $"{item.Key}={Text(item)}@{item.ModRevision}/{item.CreateRevision}"));

    protected static string Show(StoreBatch batch) =>
        $"{batch.Revision}: " + string.Join(" ", batch.Events.Select(change => $"{change.Key} {Text(change.Previous)}->{Text(change.Value)}"));

    protected ValueTask<CommitResult> Commit(params Write[] writes) => Store.CommitAsync(new Transaction([], writes), Token);

    protected ValueTask<CommitResult> CommitIf(Condition[] conditions, params Write[] writes) =>
        Store.CommitAsync(new Transaction(conditions, writes), Token);

    /// <summary>The first changes of a watch; hangs, and so fails by the test's time limit, when fewer come.</summary>
    protected async Task<List<StoreBatch>> Take(string prefix, long after, int count)
    {
        var taken = new List<StoreBatch>();
        if (count > 0)
        {
            await foreach (StoreBatch batch in Store.WatchAsync(prefix, after, Token))
            {
                taken.Add(batch);
                if (taken.Count == count)
                {
                    break;
                }
            }
        }

        return taken;
    }
}
