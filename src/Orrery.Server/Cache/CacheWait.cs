namespace Orrery.Server.Cache;

/// <summary>Why <see cref="CacheWatcher.WaitAsync"/> returned.</summary>
internal enum CacheWait
{
    /// <summary><see cref="CacheWatcher.TryRead"/> has something.</summary>
    Events,

    /// <summary>The time given passed without an event: the moment for a bookmark.</summary>
    TimedOut,

    /// <summary>The reader fell too far behind: answer 410, the client lists again.</summary>
    Expired,

    /// <summary>The watcher or its server was disposed.</summary>
    Closed,
}
