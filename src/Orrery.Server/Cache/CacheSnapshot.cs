using Orrery.Storage;

namespace Orrery.Server.Cache;

/// <summary>All objects of one resource in every cluster at one revision: immutable, and free to hold.</summary>
/// <param name="objects">The objects by <see cref="StoreKey"/>.</param>
/// <param name="revision">The revision that this is the state of; a watch after it misses and repeats nothing.</param>
internal sealed class CacheSnapshot(SortedTree<CachedObject> objects, long revision)
{
    public long Revision { get; } = revision;

    internal SortedTree<CachedObject> Objects { get; } = objects;

    public CachedObject? Get(string key) => Objects.Find(key);

    /// <summary>Objects under a prefix in key order, after the key <paramref name="startAfter"/> where one is given.</summary>
    public IEnumerable<CachedObject> Range(string prefix, string? startAfter = null) => Objects.Range(prefix, startAfter);

    /// <summary>The same as <see cref="Range"/>, all at once.</summary>
    public CachedObject[] ToArray(string prefix, string? startAfter = null) => Objects.ToArray(prefix, startAfter);

    /// <summary>How many objects a prefix has, after the key <paramref name="startAfter"/> where one is given, without visiting them.</summary>
    public int Count(string prefix, string? startAfter = null) => Objects.CountPrefix(prefix, startAfter);
}
