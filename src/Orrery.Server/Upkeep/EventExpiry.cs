using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Storage;

namespace Orrery.Server.Upkeep;

/// <summary>Events are kept for a while after their last write, as upstream's --event-ttl says. One sweep for all clusters.</summary>
internal sealed class EventExpiry(CacheSet caches, TimeSpan lifetime, TimeProvider time, ILogger<EventExpiry> log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly GroupResource Events = new("", "events");

    public Task RunAsync(CancellationToken cancellationToken) => Sweep.RunAsync("events", Interval, time, log, RemoveOldAsync, cancellationToken);

    private async Task RemoveOldAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        CachedObject[] old = [.. caches.For(Events).Current.Range(StoreKey.Prefix(Events)).Where(e => LastSeen(e, now) < now - lifetime)];
        foreach (CachedObject item in old)
        {
            // On condition that it was not written again meanwhile.
            await caches.CommitAsync(new Transaction([new Condition(item.Key, item.Revision)], [new Write(item.Key, null)]), cancellationToken);
        }
    }

    private DateTimeOffset LastSeen(CachedObject item, DateTimeOffset now)
    {
        var json = KubeObject.Parse(item.Json.Span);
        DateTimeOffset last = json.CreationTimestamp ?? DateTimeOffset.MaxValue;
        foreach (JsonElement? at in new[] { json.At("lastTimestamp"), json.At("eventTime"), json.At("series", "lastObservedTime") })
        {
            // Clocks differ, but whoever writes of the next century does not keep an Event until then.
            if (at is { ValueKind: JsonValueKind.String } text && text.TryGetDateTimeOffset(out DateTimeOffset seen) && seen > last && seen < now + lifetime)
            {
                last = seen;
            }
        }

        return last;
    }
}
