using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>Repeats a follow-up for every object: after a crash in its middle, or when what it made was deleted.</summary>
internal sealed class FollowUpTask(CacheSet caches, GroupResource resource, IFollowUp followUp, TimeProvider time, ILogger log)
    : UpkeepTask(caches, resource, time, log)
{
    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is not null && !KubeObject.Parse(item.Json.Span).IsDeleting)
        {
            await followUp.FollowAsync(item.Cluster, item.Namespace, item.Name, cancellationToken);
        }

        return true;
    }
}
