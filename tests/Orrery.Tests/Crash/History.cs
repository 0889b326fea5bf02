using Orrery.Client;

namespace Orrery.Tests.Crash;

internal enum WriteOutcome
{
    Acknowledged,

    /// <summary>Answered that it was not done.</summary>
    Refused,

    /// <summary>No answer, or one that does not know: it may show, at any time after it was sent, or never.</summary>
    Unknown,
}

/// <summary>One write of an object. An object has one writer, which waits for each answer before it goes on.</summary>
/// <param name="Value">Unlike that of every other write; null deletes.</param>
/// <param name="Revision">Of an acknowledged put; zero otherwise, since the answer to a delete names none.</param>
/// <param name="Began">Any clock that never goes back, the same for all records.</param>
internal sealed record WriteRecord(string Name, string? Value, WriteOutcome Outcome, long Revision, long Began, long Ended);

/// <summary>An object as somebody saw it.</summary>
internal readonly record struct Seen(string Value, long Revision);

/// <summary>A consistent list.</summary>
internal sealed record ListRecord(long Began, long Ended, long Revision, IReadOnlyDictionary<string, Seen> Items);

/// <summary>One event; of a bookmark only the revision counts.</summary>
internal sealed record SeenEvent(WatchEventType Type, string Name, string Value, long Revision);

/// <summary>What one watcher saw from a list on, over all its reconnections: each resumed at the revision seen last.</summary>
internal sealed record WatchRecord(string Watcher, ListRecord From, IReadOnlyList<SeenEvent> Events)
{
    /// <summary>All up to this revision has been shown.</summary>
    public long Reached => Events.Count == 0 ? From.Revision : Events.Max(e => e.Revision);
}

/// <summary>All that clients did to one set of objects, and saw of it.</summary>
/// <param name="Final">Listed when everything had come to rest.</param>
internal sealed record History(IReadOnlyList<WriteRecord> Writes, IReadOnlyList<ListRecord> Lists, IReadOnlyList<WatchRecord> Watches, ListRecord Final);
