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

    /// <summary>Of each Event, by its key, as it was at the last look: to read all of them each time is most of what a server with tens of thousands of them does while nothing happens.</summary>
    private readonly Dictionary<string, Read> known = new(StringComparer.Ordinal);

    public Task RunAsync(CancellationToken cancellationToken) => Sweep.RunAsync("events", Interval, time, log, RemoveOldAsync, cancellationToken);

    private async Task RemoveOldAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetUtcNow();
        var old = new List<CachedObject>();
        int count = 0;
        CacheSnapshot present = caches.For(Events).Current;
        foreach (CachedObject item in present.Range(StoreKey.Prefix(Events)))
        {
            count++;
            Read read = known.TryGetValue(item.Key, out Read before) && before.Revision == item.Revision && now < before.Until ? before : LastSeen(item, now);
            known[item.Key] = read;
            if (read.Seen < now - lifetime)
            {
                old.Add(item);
            }
        }

        if (known.Count > count)
        {
            // Those that have gone.
            foreach (string key in known.Keys)
            {
                if (present.Get(key) is null)
                {
                    known.Remove(key);
                }
            }
        }

        foreach (CachedObject item in old)
        {
            // On condition that it was not written again meanwhile.
            await caches.CommitAsync(new Transaction([new Condition(item.Key, item.Revision)], [new Write(item.Key, null)]), cancellationToken);
        }
    }

    private Read LastSeen(CachedObject item, DateTimeOffset now)
    {
        var json = KubeObject.Parse(item.Json.Span);
        DateTimeOffset last = json.CreationTimestamp ?? DateTimeOffset.MaxValue, until = DateTimeOffset.MaxValue;
        foreach (JsonElement? at in new[] { json.At("lastTimestamp"), json.At("eventTime"), json.At("series", "lastObservedTime") })
        {
            // Clocks differ, but whoever writes of the next century does not keep an Event until then.
            if (at is { ValueKind: JsonValueKind.String } text && text.TryGetDateTimeOffset(out DateTimeOffset seen) && seen > last)
            {
                if (seen < now + lifetime)
                {
                    last = seen;
                }
                else if (seen - lifetime < until)
                {
                    until = seen - lifetime;
                }
            }
        }

        return new Read(item.Revision, last, until);
    }

    /// <param name="Revision">Of the Event that was read.</param>
    /// <param name="Seen">When it was last written, as far as it says.</param>
    /// <param name="Until">When what it says of a later time begins to count, so that it is to be read anew.</param>
    private readonly record struct Read(long Revision, DateTimeOffset Seen, DateTimeOffset Until);
}
