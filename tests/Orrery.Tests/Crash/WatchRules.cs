using Orrery.Client;

namespace Orrery.Tests.Crash;

/// <summary>The rules about watches, and about lists as seen by watches.</summary>
internal static class WatchRules
{
    public static IEnumerable<Violation> Order(WatchRecord watch)
    {
        long last = watch.From.Revision, bookmark = 0;
        var seen = new HashSet<(string, long)>();
        foreach (SeenEvent change in watch.Events)
        {
            if (change.Type == WatchEventType.Bookmark)
            {
                if (change.Revision < last)
                {
                    yield return new Violation(Rule.WatchOrder, $"{watch.Watcher}: bookmark {change.Revision} after {last}");
                }

                bookmark = last = Math.Max(last, change.Revision);
                continue;
            }

            if (!seen.Add((change.Name, change.Revision)))
            {
                yield return new Violation(Rule.WatchDuplicate, $"{watch.Watcher}: {change.Name}@{change.Revision} twice");
            }
            else if (change.Revision <= bookmark)
            {
                yield return new Violation(Rule.BookmarkAhead, $"{watch.Watcher}: {change.Name}@{change.Revision} after the bookmark {bookmark}");
            }
            else if (change.Revision <= last)
            {
                yield return new Violation(Rule.WatchOrder, $"{watch.Watcher}: {change.Name}@{change.Revision} after {last}");
            }

            last = Math.Max(last, change.Revision);
        }
    }

    public static IEnumerable<Violation> Types(WatchRecord watch)
    {
        var there = watch.From.Items.Keys.ToHashSet();
        foreach (SeenEvent change in watch.Events.Where(e => e.Type != WatchEventType.Bookmark))
        {
            bool wasThere = !there.Add(change.Name);
            if (wasThere != change.Type is WatchEventType.Modified or WatchEventType.Deleted)
            {
                yield return new Violation(Rule.WatchType, $"{watch.Watcher}: {change.Type} {change.Name}@{change.Revision}, which was {(wasThere ? "there" : "not there")}");
            }

            if (change.Type == WatchEventType.Deleted)
            {
                there.Remove(change.Name);
            }
        }
    }

    /// <summary>What any watcher was shown, or any writer was told, every watcher that came so far must have been shown.</summary>
    public static IEnumerable<Violation> Gaps(History history)
    {
        var known = history.Watches.SelectMany(w => w.Events).Where(e => e.Type != WatchEventType.Bookmark).Select(e => (e.Revision, e.Name))
            .Concat(history.Writes.Where(w => w is { Outcome: WriteOutcome.Acknowledged, Value: not null }).Select(w => (w.Revision, w.Name))).ToHashSet();
        foreach (WatchRecord watch in history.Watches)
        {
            var shown = watch.Events.Select(e => (e.Revision, e.Name)).ToHashSet();
            foreach ((long revision, string name) in known.Where(k => k.Revision > watch.From.Revision && k.Revision <= watch.Reached && !shown.Contains(k)))
            {
                yield return new Violation(Rule.WatchGap, $"{watch.Watcher}, from {watch.From.Revision} to {watch.Reached}: {name}@{revision} was left out");
            }
        }
    }

    public static IEnumerable<Violation> Disagreements(History history)
    {
        IEnumerable<(long Revision, string Told)> told = history.Watches.SelectMany(w => w.Events).Where(e => e.Type != WatchEventType.Bookmark)
            .Select(e => (e.Revision, $"{e.Type} {e.Name}={e.Value}"));
        IEnumerable<(long, string)> written = from w in history.Writes
                                              where w is { Outcome: WriteOutcome.Acknowledged, Value: not null }
                                              join e in history.Watches.SelectMany(w => w.Events) on w.Revision equals e.Revision
                                              where e.Type != WatchEventType.Bookmark
                                              select (w.Revision, $"{e.Type} {w.Name}={w.Value}");
        return told.Concat(written).Distinct().GroupBy(t => t.Item1).Where(g => g.Count() > 1)
            .Select(g => new Violation(Rule.WatchDisagreement, $"revision {g.Key} is {string.Join(" and ", g.Select(t => t.Item2))}"));
    }

    /// <summary>A list within what a watcher has seen is the fold of its events up to that revision.</summary>
    public static IEnumerable<Violation> Lists(History history)
    {
        foreach (WatchRecord watch in history.Watches)
        {
            var state = watch.From.Items.ToDictionary();
            var events = new Queue<SeenEvent>(watch.Events.Where(e => e.Type != WatchEventType.Bookmark).OrderBy(e => e.Revision));
            foreach (ListRecord list in history.Lists.Append(history.Final).Where(l => l.Revision >= watch.From.Revision && l.Revision <= watch.Reached).OrderBy(l => l.Revision))
            {
                while (events.TryPeek(out SeenEvent? next) && next.Revision <= list.Revision)
                {
                    events.Dequeue();
                    if (next.Type == WatchEventType.Deleted)
                    {
                        state.Remove(next.Name);
                    }
                    else
                    {
                        state[next.Name] = new Seen(next.Value, next.Revision);
                    }
                }

                if (state.Count != list.Items.Count || list.Items.Any(i => !state.TryGetValue(i.Key, out Seen expected) || expected != i.Value))
                {
                    string difference = string.Join(", ", state.Except(list.Items).Select(d => $"lacks {d.Key} {d.Value}").Concat(list.Items.Except(state).Select(d => $"has {d.Key} {d.Value}")));
                    yield return new Violation(Rule.WrongList, $"a list at {list.Revision} {difference}, says {watch.Watcher}");
                }
            }
        }
    }
}
