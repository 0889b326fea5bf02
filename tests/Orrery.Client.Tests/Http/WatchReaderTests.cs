using System.Text;
using Orrery.Api;

namespace Orrery.Client.Tests.Http;

public sealed class WatchReaderTests
{
    [Theory]
    [InlineData(512)]
    [InlineData(61)]
    [InlineData(4096)]
    public async Task ReadAsync_AnyChunks_GivesEachEventOnce(int chunk)
    {
        string large = new('x', 300_000);
        string body = Event("ADDED", "a", "1") + "\n" + Event("MODIFIED", large, "2") + "\n\n" + Event("DELETED", "c", "3") + "\n"
            + """{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}}""" + "\n";

        List<WatchEvent> events = await ReadAsync(body, chunk);

        Assert.Equal([WatchEventType.Added, WatchEventType.Modified, WatchEventType.Deleted, WatchEventType.Bookmark], events.Select(e => e.Type));
        Assert.Equal(["a", large, "c", ""], events.Select(e => e.Object.Name));
        Assert.Equal([false, false, false, true], events.Select(e => e.EndsInitialEvents));
    }

    [Fact]
    public async Task ReadAsync_Error_ThrowsItsStatus()
    {
        string body = """{"object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"},"type":"ERROR"}""" + "\n";

        var fault = await Assert.ThrowsAsync<StatusException>(() => ReadAsync(body, 100));

        Assert.True(fault.IsExpired);
        Assert.Equal("too old", fault.Message);
    }

    [Fact]
    public async Task ReadAsync_EndWithinAnEvent_IsABrokenConnection() =>
        await Assert.ThrowsAsync<IOException>(() => ReadAsync(Event("ADDED", "a", "1")[..20], 100));

    private static string Event(string type, string name, string version) =>
        $$$$"""{"type":"{{{{type}}}}","object":{"metadata":{"name":"{{{{name}}}}","resourceVersion":"{{{{version}}}}"}}}""";

    private static async Task<List<WatchEvent>> ReadAsync(string body, int chunk)
    {
        var events = new List<WatchEvent>();
        await foreach (WatchEvent found in WatchReader.ReadAsync(new Chunks(Encoding.UTF8.GetBytes(body), chunk), CancellationToken.None))
        {
            events.Add(found);
        }

        return events;
    }

    /// <summary>A stream that never gives more than so many bytes at once, as a network may.</summary>
    private sealed class Chunks(byte[] content, int size) : MemoryStream(content)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
    }
}
