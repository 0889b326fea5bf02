using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>Deletes bootstrap tokens once they are good for nothing. Upstream: <c>pkg/controller/bootstrap/tokencleaner.go</c>, which is off unless it is named, too.</summary>
internal sealed class BootstrapTokenExpiry(CacheSet caches, Writer writer, TimeProvider time, ILogger<BootstrapTokenExpiry> log)
    : UpkeepTask(caches, Secrets.GroupResource, time, log, isOfRoot: true)
{
    /// <summary>A token's end may be changed: whoever waits for it looks again this often.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    private static readonly ResourceDefinition Secrets = BuiltinResources.Instance.Require("", "v1", "secrets");
    private static readonly string Place = StoreKey.Prefix(Secrets.GroupResource, ClusterName.Root, BootstrapTokens.Namespace);

    protected override bool Concerns(string key) => key.StartsWith(Place, StringComparison.Ordinal);

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null || KubeObject.Parse(item.Json.Span) is not { IsDeleting: false } secret || BootstrapTokens.EndOf(secret) is not { } end || end == DateTimeOffset.MaxValue)
        {
            return true;
        }

        DateTimeOffset now = Time.GetUtcNow();
        if (end > now)
        {
            LookLater(key, end - now < LongestWait ? end - now : LongestWait);
            return true;
        }

        try
        {
            await writer.DeleteAsync(Secrets, item.Cluster, item.Namespace, item.Name, new Handlers.DeleteOptions { Uid = secret.Uid, ResourceVersion = secret.ResourceVersion }, cancellationToken);
            return true;
        }
        catch (StatusException changed) when (changed.IsConflict)
        {
            // It may have been made to last.
            return false;
        }
    }
}
