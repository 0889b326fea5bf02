using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Admission.Certificates;
using Orrery.Server.Cache;
using Orrery.Server.Registry;
using Orrery.Storage;

namespace Orrery.Server.Upkeep;

/// <summary>Requests for certificates go an hour after they were decided, or a day after they were made. Upstream: <c>pkg/controller/certificates/cleaner</c>.</summary>
internal sealed class SigningRequestExpiry(CacheSet caches, TimeProvider time, ILogger<SigningRequestExpiry> log)
{
    private static readonly TimeSpan AfterDecision = TimeSpan.FromHours(1);
    private static readonly TimeSpan Undecided = TimeSpan.FromHours(24);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    public Task RunAsync(CancellationToken cancellationToken) => Sweep.RunAsync("certificate signing requests", Interval, time, log, RemoveOldAsync, cancellationToken);

    private async Task RemoveOldAsync(CancellationToken cancellationToken)
    {
        CachedObject[] old = [.. caches.For(SigningRequests.Resource).Current.Range(StoreKey.Prefix(SigningRequests.Resource)).Where(IsOver)];
        foreach (CachedObject item in old)
        {
            // On condition that it was not written again meanwhile.
            await caches.CommitAsync(new Transaction([new Condition(item.Key, item.Revision)], [new Write(item.Key, null)]), cancellationToken);
        }
    }

    private bool IsOver(CachedObject item)
    {
        JsonObject json = StoredJson.Parse(item.Json.Span);
        DateTimeOffset now = time.GetUtcNow();
        JsonObject[] decided = [.. SigningRequests.Conditions(json)];
        return decided.Length == 0
            ? now - (KubeObject.Parse(item.Json.Span).CreationTimestamp ?? now) > Undecided
            : decided.Any(c => DateTimeOffset.TryParse(c.TextAt("lastUpdateTime"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at) && now - at > AfterDecision);
    }
}
