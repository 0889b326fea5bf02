using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Storage;

namespace Orrery.Server.Upkeep;

/// <summary>What of the base layer no server does without comes back when it was deleted: the FlowSchemas and priority levels that upstream makes again each minute.</summary>
internal sealed class RestoredObjects(CacheSet caches, GroupResource resource, TimeProvider time, ILogger<RestoredObjects> log) : UpkeepTask(caches, resource, time, log)
{
    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is not null && BaseLayer.IsTombstone(item.Json.Span))
        {
            await Caches.CommitAsync(new Transaction([new Condition(key, item.Revision)], [new Write(key, null)]), cancellationToken);
        }

        return true;
    }
}
