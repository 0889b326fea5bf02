using System.Collections.Concurrent;

namespace Orrery.Server.CustomResources;

/// <summary>Values by the digest of what they were made of, for as long as somebody uses them.</summary>
internal sealed class WeakValues<T>
    where T : class
{
    private readonly ConcurrentDictionary<string, WeakReference<T>> values = new(StringComparer.Ordinal);
    private int sweepAt = 256;

    public T GetOrAdd(string digest, Func<T> make)
    {
        if (values.TryGetValue(digest, out WeakReference<T>? known) && known.TryGetTarget(out T? shared))
        {
            return shared;
        }

        T made = make();
        values[digest] = new WeakReference<T>(made);
        if (values.Count >= sweepAt)
        {
            foreach (KeyValuePair<string, WeakReference<T>> gone in values.Where(v => !v.Value.TryGetTarget(out _)))
            {
                values.TryRemove(gone);
            }

            sweepAt = Math.Max(256, values.Count * 2);
        }

        return made;
    }
}
