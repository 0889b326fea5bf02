namespace Orrery.Storage.Tests;

public abstract partial class StoreConformance
{
    [Fact]
    public async Task Range_Prefix_GivesItsKeysInByteOrder()
    {
        string[] keys = ["/a/1", "/a/10", "/a/2", "/a", "/a/", "/b/1", "/a/\ue000", "/a/\ud83d\ude00", "/a/Z", "/a-x/1"];
        await Commit([.. keys.Select(key => Put(key, "v"))]);

        RangeResult range = await Store.RangeAsync("/a/", null, 0, 0, Token);

        Assert.Equal(["/a/", "/a/1", "/a/10", "/a/2", "/a/Z", "/a/\ue000", "/a/\ud83d\ude00"], range.Items.Select(item => item.Key));
        Assert.Equal(keys.Length, (await Store.RangeAsync("", null, 0, 0, Token)).Items.Count);
        Assert.Empty((await Store.RangeAsync("/c", null, 0, 0, Token)).Items);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(100)]
    public async Task Range_InPages_GivesEachKeyOnce(int limit)
    {
        string[] keys = [.. Enumerable.Range(0, 21).Select(i => $"/p/{i:d2}")];
        await Commit([.. keys.Select(key => Put(key, "v")), Put("/o", "v"), Put("/q", "v")]);

        var seen = new List<string>();
        string? after = null;
        RangeResult page;
        do
        {
            page = await Store.RangeAsync("/p/", after, limit, 0, Token);
            Assert.True(page.Items.Count <= limit);
            Assert.Equal(page.HasMore, seen.Count + page.Items.Count < keys.Length);
            seen.AddRange(page.Items.Select(item => item.Key));
            after = page.Items[^1].Key;
        }
        while (page.HasMore);

        Assert.Equal(keys, seen);
    }

    [Fact]
    public async Task Range_StartAfterOutsideThePrefix_StaysInside()
    {
        await Commit(Put("/a/1", "v"), Put("/b/1", "v"), Put("/c/1", "v"));

        Assert.Equal("/b/1=v@1/1", Show(await Store.RangeAsync("/b/", "/a/9", 0, 0, Token)));
        Assert.Empty((await Store.RangeAsync("/b/", "/c/", 0, 0, Token)).Items);
        Assert.Equal("/b/1=v@1/1", Show(await Store.RangeAsync("/b/", "/b/", 0, 0, Token)));
    }

    [Fact]
    public async Task Range_AtARevision_ShowsTheStateThen()
    {
        await Commit(Put("/a", "1"), Put("/b", "1"));
        await Commit(Put("/a", "2"), Put("/c", "2"));
        await Commit(Delete("/b"));
        await Commit(Put("/a", "4"));
        await Commit(Delete("/a"));
        await Commit(Put("/a", "6"));

        Assert.Equal("/a=1@1/1 /b=1@1/1", Show(await Store.RangeAsync("/", null, 0, 1, Token)));
        Assert.Equal("/a=2@2/1 /b=1@1/1 /c=2@2/2", Show(await Store.RangeAsync("/", null, 0, 2, Token)));
        Assert.Equal("/a=2@2/1 /c=2@2/2", Show(await Store.RangeAsync("/", null, 0, 3, Token)));
        Assert.Equal("/a=4@4/1 /c=2@2/2", Show(await Store.RangeAsync("/", null, 0, 4, Token)));
        Assert.Equal("/c=2@2/2", Show(await Store.RangeAsync("/", null, 0, 5, Token)));
        RangeResult newest = await Store.RangeAsync("/", null, 0, 6, Token);
        Assert.Equal("/a=6@6/6 /c=2@2/2", Show(newest));
        Assert.Equal(6, newest.Revision);
        Assert.Equal(3, (await Store.RangeAsync("/", null, 0, 3, Token)).Revision);
    }

    [Fact]
    public async Task Range_PagesAtARevision_AreOneSnapshot()
    {
        await Commit([.. Enumerable.Range(0, 10).Select(i => Put($"/{i}", "old"))]);
        RangeResult first = await Store.RangeAsync("/", null, 4, 0, Token);
        await Commit(Delete("/5"), Put("/6", "new"), Put("/55", "new"));

        RangeResult second = await Store.RangeAsync("/", first.Items[^1].Key, 4, first.Revision, Token);
        RangeResult third = await Store.RangeAsync("/", second.Items[^1].Key, 4, first.Revision, Token);

        Assert.Equal("/4=old@1/1 /5=old@1/1 /6=old@1/1 /7=old@1/1", Show(second));
        Assert.True(second.HasMore);
        Assert.Equal("/8=old@1/1 /9=old@1/1", Show(third));
        Assert.False(third.HasMore);
    }

    [Fact]
    public async Task Range_AtARevisionToCome_IsRefused()
    {
        await Commit(Put("/a", "1"));

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.RangeAsync("/", null, 0, 2, Token));
    }

    [Fact]
    public async Task Compact_ForgetsWhatWasReplaced_KeepsWhatLives()
    {
        await Commit(Put("/a", "1"), Put("/b", "1"));
        await Commit(Put("/a", "2"));
        await Commit(Delete("/b"));
        await Commit(Put("/c", "4"));
        await Commit(Put("/c", "5"));

        await Store.CompactAsync(3, Token);

        Assert.True((await Store.RangeAsync("/", null, 0, 2, Token)).IsCompacted);
        Assert.Equal("/a=2@2/1", Show(await Store.RangeAsync("/", null, 0, 3, Token)));
        Assert.Equal("/a=2@2/1 /c=4@4/4", Show(await Store.RangeAsync("/", null, 0, 4, Token)));
        Assert.Equal("/a=2@2/1 /c=5@5/4", Show(await Store.RangeAsync("/", null, 0, 0, Token)));
        Assert.Equal(["4: /c <absent>->4", "5: /c 4->5"], (await Take("/", 3, 2)).Select(Show));
        CompactedException compacted = await Assert.ThrowsAsync<CompactedException>(() => Take("/", 2, 1));
        Assert.Equal(3, compacted.OldestKept);
    }

    [Fact]
    public async Task Compact_Everything_KeepsTheRevision()
    {
        await Commit(Put("/a", "1"));
        await Commit(Delete("/a"));

        await Store.CompactAsync(2, Token);
        await Store.CompactAsync(1, Token);

        Assert.Equal(2, await Store.ReadRevisionAsync(Token));
        Assert.Equal(2, (await Store.RangeAsync("/", null, 0, 0, Token)).Revision);
        Assert.Equal(3, (await Commit(Put("/a", "3"))).Revision);
        Assert.Equal("/a=3@3/3", Show(await Store.RangeAsync("/", null, 0, 0, Token)));
    }

    [Fact]
    public async Task Compact_AheadOfTheStore_IsRefused()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Store.CompactAsync(1, Token));
    }
}
