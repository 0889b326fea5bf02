using Orrery.Client;

namespace Orrery.Tests.Crash;

/// <summary>The checker itself: it passes a true history, and finds each rule broken where a fault was planted.</summary>
public sealed class HistoryCheckerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Check_TrueHistory_FindsNothing(int seed)
    {
        History history = Simulate(seed);

        Assert.True(history.Writes.Count(w => w.Outcome == WriteOutcome.Unknown) > 5 && history.Watches.All(w => w.Events.Count > 50), "the history is too tame");
        Assert.Empty(HistoryChecker.Check(history));
    }

    public static TheoryData<string> Faults => [.. Planted.Keys];

    private static readonly Dictionary<string, (Rule Rule, Func<History, History> Plant)> Planted = new(StringComparer.Ordinal)
    {
        ["an acknowledged object is gone"] = (Rule.LostWrite, h => h with { Final = Without(h.Final, LastPut(h).Name) }),
        ["an acknowledged update is undone"] = (Rule.LostWrite, h => h with { Final = With(h.Final, LastPut(h).Name, new Seen("old", 1)) }),
        ["a deleted object is back"] = (Rule.LostWrite, h => h with { Final = With(h.Final, LastDelete(h).Name, new Seen(AnyPut(h, LastDelete(h).Name).Value!, 5)) }),
        ["a refused write shows"] = (Rule.PhantomWrite, h => h with { Writes = [.. h.Writes.Select(w => w == LastPut(h) ? w with { Outcome = WriteOutcome.Refused } : w)] }),
        ["a value from nowhere"] = (Rule.PhantomWrite, h => Event(h, 20, e => e with { Value = "nobody's" })),
        ["a later write has a lower revision"] = (Rule.RevisionFell, h => h with { Writes = [.. h.Writes.Select(w => w == LastPut(h) ? w with { Revision = 3 } : w)] }),
        ["two writes have one revision"] = (Rule.RevisionFell, h => h with { Writes = [.. h.Writes, LastPut(h) with { Name = "other", Value = "x" }] }),
        ["a later list has a lower revision"] = (Rule.RevisionFell, h => h with { Lists = [.. h.Lists, h.Lists[2] with { Began = h.Final.Began - 2, Ended = h.Final.Began - 1 }] }),
        ["a list begun after an answer does not know it"] = (Rule.StaleRead, h => h with { Lists = [.. h.Lists, h.Lists[2] with { Began = LastPut(h).Ended + 1, Ended = LastPut(h).Ended + 2 }] }),
        ["a list lacks an object"] = (Rule.WrongList, h => h with { Lists = [Without(Full(h), Full(h).Items.Keys.First()), .. h.Lists.Where(l => l != Full(h))] }),
        ["a list shows an older value"] = (Rule.WrongList, h => h with { Lists = [With(Full(h), Full(h).Items.Keys.First(), new Seen("x", 1)), .. h.Lists.Where(l => l != Full(h))] }),
        ["two events are swapped"] = (Rule.WatchOrder, h => Watch(h, e => [.. e[..20], e[21], e[20], .. e[22..]])),
        ["an event comes twice"] = (Rule.WatchDuplicate, h => Watch(h, e => [.. e[..21], e[20], .. e[21..]])),
        ["an event is left out"] = (Rule.WatchGap, h => Watch(h, e => [.. e[..20], .. e[21..]])),
        ["a resumed watch skips what happened meanwhile"] = (Rule.WatchGap, h => Watch(h, e => [.. e[..20], .. e[30..]])),
        ["two watchers are told different things"] = (Rule.WatchDisagreement, h => Event(h, 20, e => e with { Value = h.Watches[0].Events[19].Value })),
        ["a first event is MODIFIED"] = (Rule.WatchType, h => Event(h, 0, e => e with { Type = WatchEventType.Modified })),
        ["a later event is ADDED"] = (Rule.WatchType, h => Event(h, h.Watches[0].Events.ToList().FindIndex(e => e.Type == WatchEventType.Modified), e => e with { Type = WatchEventType.Added })),
        ["a bookmark comes before what it promises"] = (Rule.BookmarkAhead, h => Watch(h, e => [.. e[..20], new SeenEvent(WatchEventType.Bookmark, "", "", e[20].Revision), .. e[20..]])),
        ["a bookmark falls back"] = (Rule.WatchOrder, h => Watch(h, e => [.. e[..20], new SeenEvent(WatchEventType.Bookmark, "", "", e[10].Revision), .. e[20..]])),
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Check_PlantedFault_IsFound(string fault)
    {
        (Rule rule, Func<History, History> plant) = Planted[fault];

        IReadOnlyList<Violation> found = HistoryChecker.Check(plant(Simulate(7)));

        Assert.Contains(found, v => v.Rule == rule);
    }

    [Fact]
    public void Planted_BreaksEveryRule() => Assert.Equal(Enum.GetValues<Rule>(), Planted.Values.Select(p => p.Rule).Distinct().Order());

    /// <summary>A history of a store that keeps its promises: writers whose answers get lost now and then, lists, and three watchers.</summary>
    private static History Simulate(int seed)
    {
        var random = new Random(seed);
        var state = new Dictionary<string, Seen>();
        var writes = new List<WriteRecord>();
        var events = new List<SeenEvent>();
        var lists = new List<ListRecord>();
        long revision = 10, now = 0;
        ListRecord start = List();
        for (int i = 0; i < 300; i++)
        {
            string name = $"k{random.Next(12)}";
            bool isThere = state.ContainsKey(name), isDelete = isThere && random.Next(5) == 0;
            WriteOutcome outcome = random.Next(20) switch { 0 => WriteOutcome.Refused, 1 or 2 => WriteOutcome.Unknown, _ => WriteOutcome.Acknowledged };
            bool isDone = outcome == WriteOutcome.Acknowledged || (outcome == WriteOutcome.Unknown && random.Next(2) == 0);
            string? value = isDelete ? null : $"v{i}";
            long began = ++now;
            if (isDone)
            {
                revision += random.Next(1, 3);
                events.Add(new SeenEvent(isDelete ? WatchEventType.Deleted : isThere ? WatchEventType.Modified : WatchEventType.Added, name, value ?? state[name].Value, revision));
                if (isDelete)
                {
                    state.Remove(name);
                }
                else
                {
                    state[name] = new Seen(value!, revision);
                }
            }

            writes.Add(new WriteRecord(name, value, outcome, outcome == WriteOutcome.Acknowledged && !isDelete ? revision : 0, began, ++now));
            if (random.Next(4) == 0)
            {
                lists.Add(List());
            }
        }

        WatchRecord[] watches = [.. Enumerable.Range(0, 3).Select(w => new WatchRecord($"w{w}", start, [.. events, new SeenEvent(WatchEventType.Bookmark, "", "", revision)]))];
        return new History(writes, lists, watches, List());

        ListRecord List() => new(++now, ++now, revision, state.ToDictionary());
    }

    private static WriteRecord LastPut(History h) =>
        h.Writes.Last(w => w is { Outcome: WriteOutcome.Acknowledged, Value: not null } && h.Final.Items.TryGetValue(w.Name, out Seen final) && final.Value == w.Value);

    private static WriteRecord LastDelete(History h) => h.Writes.Last(w => w is { Outcome: WriteOutcome.Acknowledged, Value: null } && !h.Final.Items.ContainsKey(w.Name));

    private static WriteRecord AnyPut(History h, string name) => h.Writes.First(w => w.Name == name && w is { Outcome: WriteOutcome.Acknowledged, Value: not null });

    private static ListRecord Full(History h) => h.Lists.First(l => l.Items.Count > 5);

    private static ListRecord Without(ListRecord list, string name) => list with { Items = list.Items.Where(i => i.Key != name).ToDictionary() };

    private static ListRecord With(ListRecord list, string name, Seen seen) => list with { Items = new Dictionary<string, Seen>(list.Items) { [name] = seen } };

    private static History Watch(History h, Func<SeenEvent[], IReadOnlyList<SeenEvent>> change) =>
        h with { Watches = [h.Watches[0] with { Events = change([.. h.Watches[0].Events]) }, .. h.Watches.Skip(1)] };

    private static History Event(History h, int at, Func<SeenEvent, SeenEvent> change) => Watch(h, e => [.. e.Select((one, i) => i == at ? change(one) : one)]);
}
