namespace Orrery.Storage;

/// <summary>
/// A store that every writer reaches through this process, so that this process can see each commit as it happens.
/// </summary>
public interface ILocalStore : IStore
{
    /// <summary>
    /// Calls <paramref name="observer"/> with each whole commit, in revision order, after it is durable and before
    /// the <see cref="IStore.CommitAsync"/> that made it returns: state kept by an observer lets a caller read its own writes.
    /// </summary>
    /// <param name="observer">
    /// Runs on the path of every commit: it must be quick, must not throw and must not call the store.
    /// </param>
    /// <param name="revision">The newest revision that the observer will <em>not</em> be called for.</param>
    /// <returns>Dispose to stop.</returns>
    IDisposable Observe(Action<StoreBatch> observer, out long revision);
}
