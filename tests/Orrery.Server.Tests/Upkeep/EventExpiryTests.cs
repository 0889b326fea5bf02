using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Tests.Cache;
using Orrery.Server.Upkeep;
using Orrery.Storage;
using Orrery.Testing;

namespace Orrery.Server.Tests.Upkeep;

public sealed class EventExpiryTests
{
    private static readonly GroupResource Events = new("", "events");

    private readonly ManualTime time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Those by the name of z go last of each look: once one of them is gone all others were looked at.</summary>
    [Fact]
    public async Task RunAsync_AnHourAfterItsLastWrite_AnEventGoes()
    {
        DateTimeOffset start = time.GetUtcNow();
        await using CacheFixture cache = await CacheFixture.StartAsync(time: time);
        await cache.Commit(Event("a", 0), Event("b", 0), Event("c", 0, ("eventTime", 50), ("series", 90)), Event("z0", -25), Event("z1", 0), Event("z2", 40), Event("z3", 54));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        Task running = new EventExpiry(cache.Set, TimeSpan.FromHours(1), time, NullLogger<EventExpiry>.Instance).RunAsync(stop.Token);

        await UntilGoneAsync(40, "z0");
        Assert.Equal(["a", "b", "c", "z1", "z2", "z3"], Present());
        await cache.Commit(Event("b", 0, ("lastTimestamp", 40)));

        await UntilGoneAsync(61, "z1");
        Assert.Equal(["b", "c", "z2", "z3"], Present());
        await UntilGoneAsync(101, "z2");
        Assert.Equal(["c", "z3"], Present());

        // It says at first that it was seen in more than an hour, which is not believed, and half an hour later that it is to be in an hour.
        await UntilGoneAsync(115, "z3");
        Assert.Equal(["c"], Present());
        await UntilGoneAsync(152, "c");

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        Write Event(string name, int created, params (string Field, int Minute)[] times)
        {
            var json = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Event", ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default", ["creationTimestamp"] = At(created) } };
            foreach ((string field, int minute) in times)
            {
                json[field] = field == "series" ? new JsonObject { ["lastObservedTime"] = At(minute) } : At(minute);
            }

            return new Write(StoreKey.Of(Events, CacheFixture.Shop, "default", name), Encoding.UTF8.GetBytes(json.ToJsonString()));
        }

        string At(int minute) => (start + TimeSpan.FromMinutes(minute)).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

        IEnumerable<string> Present() => cache.Set.For(Events).Current.Range(StoreKey.Prefix(Events)).Select(e => e.Name);

        async Task UntilGoneAsync(int minute, string name)
        {
            time.Advance(start + TimeSpan.FromMinutes(minute) - time.GetUtcNow());
            await Eventually.TrueAsync(() => !Present().Contains(name), $"{name} is gone", cancellationToken: Token);
        }
    }
}
