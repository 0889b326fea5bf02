namespace Orrery.Server.Cache;

internal enum CacheEventType
{
    Added,
    Modified,
    Deleted,
}

/// <summary>One change of one object, shared by all watchers.</summary>
/// <param name="item">The state after the change; for a deletion the last state, under the revision of the deletion.</param>
/// <param name="previous">The state before; null when the object is new.</param>
internal sealed class CacheEvent(CacheEventType type, CachedObject item, CachedObject? previous)
{
    public CacheEventType Type => type;

    public CachedObject Object => item;

    public CachedObject? Previous => previous;

    public long Revision => item.Revision;

    /// <summary>The same for clients, where base objects show; null while nobody has asked. Thousands of watchers are told of one change.</summary>
    public ShownEvent? Shown { get; set; }
}

/// <param name="Event">Null where clients see nothing of it.</param>
internal sealed record ShownEvent(CacheEvent? Event);
