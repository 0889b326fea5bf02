namespace Orrery.Server.Cache;

/// <summary>For whom a <see cref="CacheWatcher"/> is.</summary>
internal enum WatchedBy
{
    /// <summary>The server's own upkeep, which ends by itself.</summary>
    Upkeep,

    /// <summary>A client, whose watch ends when the server stops.</summary>
    Client,

    /// <summary>A client that watches all virtual clusters. Root is not among them: what happens there wakes nobody.</summary>
    ClientOfAllClusters,
}
