using System.Text;

namespace Orrery.Storage.Tests;

public abstract partial class StoreConformance
{
    /// <summary>Random histories against a model that keeps every state whole; the seed is in the test's name.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task RandomHistory_EveryRead_AgreesWithTheModel(int seed)
    {
        var random = new Random(seed);
        var states = new List<SortedDictionary<string, (string Value, long Mod, long Create)>> { new(StringComparer.Ordinal) };
        long compacted = 0;

        for (int step = 0; step < 300; step++)
        {
            SortedDictionary<string, (string Value, long Mod, long Create)> now = states[^1];
            switch (random.Next(10))
            {
                case < 7:
                    await CommitRandomly(now);
                    break;
                case 7:
                    await RangeRandomly();
                    break;
                case 8 when random.Next(4) == 0:
                    long target = random.NextInt64(compacted, states.Count);
                    await Store.CompactAsync(target, Token);
                    compacted = Math.Max(compacted, target);
                    break;
                default:
                    await WatchRandomly();
                    break;
            }
        }

        async Task CommitRandomly(SortedDictionary<string, (string Value, long Mod, long Create)> now)
        {
            string[] keys = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Key()).Distinct()];
            Condition[] conditions = [.. keys.Where(_ => random.Next(2) == 0).Select(key =>
                new Condition(key, random.Next(4) == 0 ? random.Next(states.Count + 1) : now.TryGetValue(key, out var live) ? live.Mod : 0))];
            Write[] writes = [.. keys.Select(key => random.Next(3) == 0 ? Delete(key) : Put(key, $"{random.Next(1000)}"))];

            CommitResult result = await CommitIf(conditions, writes);

            bool holds = conditions.All(condition => (now.TryGetValue(condition.Key, out var live) ? live.Mod : 0) == condition.ModRevision);
            Assert.Equal(holds, result.Succeeded);
            var next = new SortedDictionary<string, (string Value, long Mod, long Create)>(now, StringComparer.Ordinal);
            bool changed = false;
            foreach (Write write in holds ? writes : [])
            {
                bool lives = now.TryGetValue(write.Key, out var live);
                changed |= lives || write.Value is not null;
                next.Remove(write.Key);
                if (write.Value is { } bytes)
                {
                    next[write.Key] = (Encoding.UTF8.GetString(bytes.Span), states.Count, lives ? live.Create : states.Count);
                }
            }

            if (changed)
            {
                states.Add(next);
            }

            Assert.Equal(states.Count - 1, result.Revision);
        }

        async Task RangeRandomly()
        {
            long revision = random.Next(states.Count);
            string prefix = random.Next(2) == 0 ? "/" : Key()[..3];
            string? after = random.Next(2) == 0 ? Key() : null;
            int limit = random.Next(6);
            RangeResult range = await Store.RangeAsync(prefix, after, limit, revision, Token);
            if (revision > 0 && revision < compacted)
            {
                Assert.True(range.IsCompacted);
                return;
            }

            long shown = revision == 0 ? states.Count - 1 : revision;
            var wanted = states[(int)shown]
                .Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal) && (after is null || string.CompareOrdinal(entry.Key, after) > 0))
                .Select(entry => $"{entry.Key}={entry.Value.Value}@{entry.Value.Mod}/{entry.Value.Create}")
                .ToList();
            Assert.Equal(limit == 0 ? wanted : wanted.Take(limit), range.Items.Select(item => $"{item.Key}={Text(item)}@{item.ModRevision}/{item.CreateRevision}"));
            Assert.Equal(limit > 0 && wanted.Count > limit, range.HasMore);
            Assert.Equal(shown, range.Revision);
        }

        async Task WatchRandomly()
        {
            long after = random.NextInt64(0, states.Count);
            if (after < compacted)
            {
                Assert.Equal(compacted, (await Assert.ThrowsAsync<CompactedException>(() => Take("/", after, 1))).OldestKept);
                return;
            }

            List<StoreBatch> batches = await Take("/", after, states.Count - 1 - (int)after);
            long revision = after;
            foreach (StoreBatch batch in batches)
            {
                Assert.Equal(++revision, batch.Revision);
                Assert.Equal(Changes(states[(int)revision - 1], states[(int)revision]), batch.Events.Select(change => $"{change.Key} {Text(change.Previous)}->{Text(change.Value)}").Order());
            }
        }

        string Key() => $"/{(char)('a' + random.Next(3))}/{random.Next(5)}";

        static IEnumerable<string> Changes(
            SortedDictionary<string, (string Value, long Mod, long Create)> before, SortedDictionary<string, (string Value, long Mod, long Create)> after) =>
            before.Keys.Union(after.Keys)
                .Where(key => !before.TryGetValue(key, out var old) || !after.TryGetValue(key, out var made) || old != made)
                .Select(key => $"{key} {(before.TryGetValue(key, out var old) ? old.Value : "<absent>")}->{(after.TryGetValue(key, out var made) ? made.Value : "<absent>")}")
                .Order();
    }
}
