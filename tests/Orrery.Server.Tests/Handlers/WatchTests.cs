using Orrery.Api;
using Orrery.Client;

namespace Orrery.Server.Tests.Handlers;

public sealed class WatchTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Mine = "metadata.name!=kube-root-ca.crt";
    private const string End = "zz-end";

    [Fact]
    public async Task Watch_FromARevision_SendsWhatCameAfterInOrder()
    {
        string ns = await fixture.NamespaceAsync();
        string start = (await fixture.Admin.ListAsync(ServerFixture.ConfigMaps, ns, null, ServerFixture.Token)).ResourceVersion;
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a", "1"), ServerFixture.Token);
        await fixture.Admin.UpdateAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.ConfigMap("a", "2"), ServerFixture.Token);
        await fixture.Admin.DeleteAsync(ServerFixture.ConfigMaps, ns, "a", null, ServerFixture.Token);

        List<WatchEvent> events = await CollectAsync(ns, new WatchQuery { ResourceVersion = start, FieldSelector = Mine });

        Assert.Equal([WatchEventType.Added, WatchEventType.Modified, WatchEventType.Deleted], events.Select(e => e.Type));
        Assert.Equal(["1", "2", "2"], events.Select(e => e.Object.TextAt("data", "k")));
        long[] revisions = [.. events.Select(e => long.Parse(e.Object.ResourceVersion, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(revisions.Order(), revisions);
        Assert.Equal(3, revisions.Distinct().Count());
    }

    [Fact]
    public async Task Watch_ObjectLeavesTheSelection_IsDeletedThere()
    {
        string ns = await fixture.NamespaceAsync();
        string start = (await fixture.Admin.ListAsync(ServerFixture.ConfigMaps, ns, null, ServerFixture.Token)).ResourceVersion;
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a", "v", ("w", "1")), ServerFixture.Token);
        await fixture.Admin.UpdateAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.ConfigMap("a", "v", ("w", "2")), ServerFixture.Token);
        await fixture.Admin.UpdateAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.ConfigMap("a", "v", ("w", "1")), ServerFixture.Token);

        List<WatchEvent> events = await CollectAsync(ns, new WatchQuery { ResourceVersion = start, LabelSelector = "w=1" });

        Assert.Equal([WatchEventType.Added, WatchEventType.Deleted, WatchEventType.Added], events.Select(e => e.Type));
    }

    [Fact]
    public async Task Watch_WithInitialEvents_EndsThemWithABookmark()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), ServerFixture.Token);

        List<WatchEvent> events = await CollectAsync(ns, new WatchQuery { SendInitialEvents = true, FieldSelector = Mine });

        Assert.Equal([WatchEventType.Added, WatchEventType.Bookmark], events.Select(e => e.Type));
        Assert.True(events[1].EndsInitialEvents);
    }

    [Fact]
    public async Task Watch_OneNamespace_HearsNothingOfAnother()
    {
        string mine = await fixture.NamespaceAsync();
        string other = await fixture.NamespaceAsync();
        string start = (await fixture.Admin.ListAsync(ServerFixture.ConfigMaps, mine, null, ServerFixture.Token)).ResourceVersion;
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, other, ServerFixture.ConfigMap("x"), ServerFixture.Token);

        Assert.Empty(await CollectAsync(mine, new WatchQuery { ResourceVersion = start, FieldSelector = Mine }));
    }

    /// <summary>All events up to that of an object that is made last: now, or when the initial ones have come.</summary>
    private async Task<List<WatchEvent>> CollectAsync(string ns, WatchQuery query)
    {
        if (!query.SendInitialEvents)
        {
            await EndAsync(ns);
        }

        var events = new List<WatchEvent>();
        await foreach (WatchEvent found in fixture.Admin.WatchAsync(ServerFixture.ConfigMaps, ns, query, ServerFixture.Token))
        {
            if (found.Object.Name == End)
            {
                return events;
            }

            events.Add(found);
            if (found.EndsInitialEvents)
            {
                await EndAsync(ns);
            }
        }

        throw new InvalidOperationException("the watch ended");
    }

    private Task<KubeObject> EndAsync(string ns) =>
        fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap(End, "v", ("w", "1")), ServerFixture.Token);
}
