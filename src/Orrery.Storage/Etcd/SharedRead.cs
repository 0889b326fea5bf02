namespace Orrery.Storage.Etcd;

/// <summary>
/// One read for many callers. A caller may take the answer of a read only if that began after it asked, so those who
/// come while one is under way share the next.
/// </summary>
internal sealed class SharedRead(Func<Task<long>> read)
{
    private readonly Lock gate = new();
    private Task<long> running = Task.FromResult(0L);
    private Task<long>? next;

    public Task<long> GetAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (next is null && running.IsCompleted)
            {
                running = read();
                return running.WaitAsync(cancellationToken);
            }

            next ??= AfterAsync(running);
            return next.WaitAsync(cancellationToken);
        }
    }

    private async Task<long> AfterAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        Task<long> mine;
        lock (gate)
        {
            // From here on nobody joins.
            running = next!;
            next = null;
            mine = read();
        }

        return await mine.ConfigureAwait(false);
    }
}
