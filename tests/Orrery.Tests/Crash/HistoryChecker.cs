namespace Orrery.Tests.Crash;

/// <summary>What a store and its API promise, as rules that a history can break.</summary>
internal enum Rule
{
    /// <summary>What was acknowledged stays until somebody changes it.</summary>
    LostWrite,

    /// <summary>Nobody sees what was never written, or was refused.</summary>
    PhantomWrite,

    /// <summary>Later answers carry higher revisions; no two writes share one.</summary>
    RevisionFell,

    /// <summary>A read shows everything that was acknowledged before it began.</summary>
    StaleRead,

    /// <summary>A list is the state at its revision, no more and no less.</summary>
    WrongList,

    /// <summary>Events come in the order of their revisions, over reconnections too.</summary>
    WatchOrder,

    /// <summary>No event comes twice.</summary>
    WatchDuplicate,

    /// <summary>No event is left out.</summary>
    WatchGap,

    /// <summary>All watchers are told the same.</summary>
    WatchDisagreement,

    /// <summary>ADDED is for what was not there, MODIFIED and DELETED for what was.</summary>
    WatchType,

    /// <summary>A bookmark promises that all up to it has been shown.</summary>
    BookmarkAhead,
}

internal sealed record Violation(Rule Rule, string What)
{
    public override string ToString() => $"{Rule}: {What}";
}

/// <summary>Looks for broken promises in a history. Pure: the same history gives the same answer.</summary>
internal static class HistoryChecker
{
    public static IReadOnlyList<Violation> Check(History history) =>
    [
        .. LostWrites(history), .. Phantoms(history), .. Revisions(history), .. StaleReads(history),
        .. history.Watches.SelectMany(WatchRules.Order), .. history.Watches.SelectMany(WatchRules.Types),
        .. WatchRules.Gaps(history), .. WatchRules.Disagreements(history), .. WatchRules.Lists(history),
    ];

    private static IEnumerable<Violation> LostWrites(History history)
    {
        foreach (IGrouping<string, WriteRecord> writes in history.Writes.GroupBy(w => w.Name))
        {
            if (writes.Where(w => w.Outcome == WriteOutcome.Acknowledged).MaxBy(w => w.Began) is not { } last)
            {
                continue;
            }

            // Only a write whose outcome nobody knows may have come after it.
            bool isThere = history.Final.Items.TryGetValue(last.Name, out Seen final);
            bool isIt = isThere ? final.Value == last.Value && final.Revision == last.Revision : last.Value is null;
            bool isLater = writes.Any(w => w.Outcome == WriteOutcome.Unknown
                && (isThere ? w.Value == final.Value && final.Revision > last.Revision : w.Value is null && w.Began > last.Began));
            if (!isIt && !isLater)
            {
                yield return new Violation(Rule.LostWrite, $"{last.Name} was acknowledged as {last.Value ?? "deleted"}@{last.Revision} and is {(isThere ? final : "absent")}");
            }
        }
    }

    private static IEnumerable<Violation> Phantoms(History history)
    {
        var possible = history.Writes.Where(w => w.Value is not null && w.Outcome != WriteOutcome.Refused).Select(w => (w.Name, w.Value!)).ToHashSet();
        IEnumerable<(string, string)> seen = history.Lists.Append(history.Final).SelectMany(l => l.Items.Select(i => (i.Key, i.Value.Value)))
            .Concat(history.Watches.SelectMany(w => w.Events).Where(e => e.Type != Client.WatchEventType.Bookmark).Select(e => (e.Name, e.Value)));
        return seen.Distinct().Where(s => !possible.Contains(s)).Select(s => new Violation(Rule.PhantomWrite, $"{s.Item1}={s.Item2} was seen, but never written or refused"));
    }

    private static IEnumerable<Violation> Revisions(History history)
    {
        WriteRecord[] puts = [.. history.Writes.Where(w => w is { Outcome: WriteOutcome.Acknowledged, Value: not null })];
        foreach (IGrouping<long, WriteRecord> shared in puts.GroupBy(w => w.Revision).Where(g => g.Count() > 1))
        {
            yield return new Violation(Rule.RevisionFell, $"revision {shared.Key} was given to {string.Join(" and ", shared.Select(w => w.Name))}");
        }

        foreach (Violation fell in Falling(puts.Select(w => (w.Began, w.Ended, w.Revision)), isStrict: true)
            .Concat(Falling(history.Lists.Append(history.Final).Select(l => (l.Began, l.Ended, l.Revision)), isStrict: false)))
        {
            yield return fell;
        }
    }

    /// <summary>What begins after another has ended must have the higher revision.</summary>
    private static IEnumerable<Violation> Falling(IEnumerable<(long Began, long Ended, long Revision)> answers, bool isStrict)
    {
        (long Began, long Ended, long Revision)[] all = [.. answers];
        var ended = new Queue<(long Began, long Ended, long Revision)>(all.OrderBy(a => a.Ended));
        long highest = 0;
        foreach ((long began, _, long revision) in all.OrderBy(a => a.Began))
        {
            while (ended.TryPeek(out (long Began, long Ended, long Revision) before) && before.Ended < began)
            {
                highest = Math.Max(highest, ended.Dequeue().Revision);
            }

            if (isStrict ? revision <= highest && highest > 0 : revision < highest)
            {
                yield return new Violation(Rule.RevisionFell, $"{revision} was answered after {highest}");
            }
        }
    }

    private static IEnumerable<Violation> StaleReads(History history)
    {
        WriteRecord[] puts = [.. history.Writes.Where(w => w is { Outcome: WriteOutcome.Acknowledged, Value: not null })];
        return from list in history.Lists.Append(history.Final)
               from write in puts
               where write.Ended < list.Began && write.Revision > list.Revision
               select new Violation(Rule.StaleRead, $"a list at {list.Revision} began after {write.Name} was acknowledged at {write.Revision}");
    }
}
