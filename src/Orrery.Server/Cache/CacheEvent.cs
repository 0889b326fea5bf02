namespace Orrery.Server.Cache;

internal enum CacheEventType
{
    Added,
    Modified,
    Deleted,
}

/// <summary>One change of one object, shared by all watchers.</summary>
/// <param name="Object">The state after the change; for a deletion the last state, under the revision of the deletion.</param>
/// <param name="Previous">The state before; null when the object is new.</param>
internal sealed record CacheEvent(CacheEventType Type, CachedObject Object, CachedObject? Previous)
{
    public long Revision => Object.Revision;
}
