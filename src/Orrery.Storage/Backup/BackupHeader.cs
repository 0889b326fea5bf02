namespace Orrery.Storage.Backup;

/// <summary>What a backup begins with.</summary>
/// <param name="Revision">The state it holds is that of this revision.</param>
/// <param name="Taken">When it was begun.</param>
/// <param name="Keys">Keys of the installation that were put into it (PEM, a secret); null for none.</param>
public sealed record BackupHeader(long Revision, DateTimeOffset Taken, string? Keys = null)
{
    /// <summary>
    /// What a restore adds to the revision: no server hands out so many between a backup and the day on which it is needed, so
    /// that a restored store never gives a second meaning to a resourceVersion that a client knows.
    /// </summary>
    public const long RevisionGap = 1_000_000_000;

    /// <summary>The newest revision of a store restored from it; everything before is no longer kept.</summary>
    public long RestoredRevision => Revision + RevisionGap;

    /// <summary>Keeps the keys out of whatever prints records.</summary>
    public override string ToString() => $"backup of revision {Revision}";
}

/// <summary>A file that is no backup, or is not whole.</summary>
public sealed class BackupException(string message, Exception? inner = null) : Exception(message, inner);
