namespace Orrery.Storage.Tests;

public sealed class SortedTreeTests
{
    [Theory]
    [InlineData(11, 20)]
    [InlineData(12, 500)]
    [InlineData(13, 20_000)]
    public void RandomEdits_AgreeWithASortedDictionary(int seed, int keys)
    {
        var random = new Random(seed);
        var model = new SortedDictionary<string, Item>(StringComparer.Ordinal);
        SortedTree<Item> tree = SortedTree<Item>.Empty;
        for (int i = 0; i < 30_000; i++)
        {
            // Grows at first, shrinks at last, so that nodes split and merge.
            string key = $"/{random.Next(keys) % 7}/{random.Next(keys)}";
            if (random.Next(30_000) > i)
            {
                var item = new Item(key, i);
                tree = tree.Set(item);
                model[key] = item;
            }
            else
            {
                tree = tree.Remove(key);
                model.Remove(key);
            }

            Assert.Equal(model.Count, tree.Count);
            if (i % 1_000 == 0)
            {
                Check(tree, model, random);
            }
        }

        foreach (string key in model.Keys.ToArray())
        {
            tree = tree.Remove(key);
            model.Remove(key);
            if (model.Count % 500 == 0)
            {
                Check(tree, model, random);
            }
        }

        Assert.Equal(0, tree.Count);
        Assert.Empty(tree);
    }

    [Fact]
    public void Set_OnAHeldTree_LeavesItAsItWas()
    {
        SortedTree<Item> before = SortedTree<Item>.FromSorted([.. Enumerable.Range(0, 1_000).Select(i => new Item($"{i:d4}", 0))]);
        SortedTree<Item> after = before;
        for (int i = 0; i < 1_000; i += 2)
        {
            after = after.Remove($"{i:d4}").Set(new Item($"{i:d4}x", 1)).Set(new Item($"{i + 1:d4}", 1));
        }

        Assert.Equal(Enumerable.Range(0, 1_000).Select(i => new Item($"{i:d4}", 0)), before);
        Assert.Equal(1_000, after.Count(item => item.Value == 1));
    }

    [Fact]
    public void FromSorted_AnySize_HoldsAll()
    {
        foreach (int size in (int[])[0, 1, 31, 32, 33, 1_024, 1_025, 33_000])
        {
            Item[] items = [.. Enumerable.Range(0, size).Select(i => new Item($"{i:d6}", i))];
            SortedTree<Item> tree = SortedTree<Item>.FromSorted(items);

            Assert.Equal(items, tree);
            Assert.All(items, item => Assert.Same(item, tree.Find(item.Key)));
            Assert.Equal(Math.Min(size, 100), tree.CountPrefix("0000"));
        }
    }

    [Theory]
    [InlineData("a", "b")]
    [InlineData("a", "aa")]
    [InlineData("", "a")]
    [InlineData("z", "\u00e9")]
    [InlineData("\u00e9", "\ud7ff")]
    [InlineData("\ud7ff", "\ue000")]
    [InlineData("\uffff", "\ud83d\ude00")]
    [InlineData("\ud83d\ude00", "\ud83d\ude01")]
    public void KeyOrder_FollowsUtf8(string smaller, string larger)
    {
        Assert.True(KeyOrder.Compare(smaller, larger) < 0);
        Assert.True(KeyOrder.Compare(larger, smaller) > 0);
        Assert.Equal(0, KeyOrder.Compare(larger, larger));
        Assert.True(System.Text.Encoding.UTF8.GetBytes(smaller).AsSpan().SequenceCompareTo(System.Text.Encoding.UTF8.GetBytes(larger)) < 0);
    }

    private static void Check(SortedTree<Item> tree, SortedDictionary<string, Item> model, Random random)
    {
        Assert.Equal(model.Values, tree);
        for (int i = 0; i < 20; i++)
        {
            string prefix = $"/{random.Next(8)}/{(random.Next(2) == 0 ? "" : random.Next(30))}";
            string? after = random.Next(2) == 0 ? null : $"/{random.Next(8)}/{random.Next(500)}";
            List<Item> wanted = [.. model.Values.Where(item => item.Key.StartsWith(prefix, StringComparison.Ordinal))];

            Assert.Equal(wanted.Count, tree.CountPrefix(prefix));
            wanted.RemoveAll(item => after is not null && string.CompareOrdinal(item.Key, after) <= 0);
            Assert.Equal(wanted, tree.Range(prefix, after));
            Assert.Equal(wanted.Count, tree.CountPrefix(prefix, after));
            Assert.Equal(model.GetValueOrDefault(after ?? ""), tree.Find(after ?? ""));
        }
    }

    private sealed record Item(string Key, int Value) : IKeyed;
}
