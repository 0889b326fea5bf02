using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Handlers;
using Orrery.Server.Registry;
using Orrery.Storage;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Keeps an IPAddress for each cluster IP: of Services from before they were written with them, and of those that somebody deleted. Upstream: <c>pkg/registry/core/service/ipallocator/controller</c>.
/// </summary>
internal sealed class AddressRepair(CacheSet caches, ObjectStore objects, AddressRecords records, TimeProvider time, ILogger<AddressRepair> log) : UpkeepTask(caches, OwnServiceObjects.Services, time, log)
{
    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null || BaseLayer.IsTombstone(item.Json.Span) || !objects.Serves(item.Cluster) || StoredJson.Parse(item.Json.Span)["spec"] is not JsonObject spec)
        {
            return true;
        }

        foreach (string address in AddressRecords.Addresses(ServiceAddresses.Held(spec)))
        {
            if (!objects.Exists(AddressRecords.Definition, item.Cluster, "", address))
            {
                // While the Service is as it was read: one that is deleted meanwhile must not leave it behind. Where that does not hold, another look follows.
                await objects.CreateAsync(
                    AddressRecords.Definition, item.Cluster, "", address, records.Encode(address, item.Namespace, item.Name), new CommitAdditions([new Condition(key, item.Revision)], null), cancellationToken);
            }
        }

        return true;
    }

    /// <summary>An IPAddress that goes, or is another's by now, concerns the Service that it stood for.</summary>
    protected override async Task FollowOthersAsync(CancellationToken cancellationToken)
    {
        GroupResource resource = AddressRecords.Definition.GroupResource;
        ResourceCache records = Caches.For(resource);
        CacheWait wait = CacheWait.Expired;
        while (wait == CacheWait.Expired)
        {
            using CacheWatcher? watcher = records.Watch(StoreKey.Prefix(resource), records.Current.Revision);
            while (watcher is not null && (wait = await watcher.WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken)) == CacheWait.Events)
            {
                while (watcher.TryRead(out CacheEvent change))
                {
                    if (change is { Type: CacheEventType.Deleted, Previous: { } gone } && !BaseLayer.IsTombstone(gone.Json.Span) && AddressRecords.ParentOf(StoredJson.Parse(gone.Json.Span)) is { } parent)
                    {
                        LookLater(StoreKey.Of(OwnServiceObjects.Services, gone.Cluster, parent.Namespace, parent.Name), TimeSpan.Zero);
                    }
                }
            }
        }
    }
}

/// <summary>Takes away IPAddresses that the server wrote for Services which are gone, or have other addresses by now.</summary>
internal sealed class AddressCleanup(CacheSet caches, ObjectStore objects, Writer writer, TimeProvider time, ILogger<AddressCleanup> log) : UpkeepTask(caches, AddressRecords.Definition.GroupResource, time, log)
{
    /// <summary>As upstream: a Service that has the address may be read a moment later.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    private static readonly ResourceDefinition Services = BuiltinResources.Instance.Require("", "v1", "services");

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null || BaseLayer.IsTombstone(item.Json.Span) || !objects.Serves(item.Cluster) || StoredJson.Parse(item.Json.Span) is not { } record || !AddressRecords.IsManaged(record) || IsHeld(item, record))
        {
            return true;
        }

        TimeSpan young = (KubeObject.Parse(item.Json.Span).CreationTimestamp ?? DateTimeOffset.MinValue) + Grace - Time.GetUtcNow();
        if (young > TimeSpan.Zero)
        {
            LookLater(key, young);
        }
        else if (!record.IsDeleting)
        {
            await writer.DeleteAsync(AddressRecords.Definition, item.Cluster, "", item.Name, new DeleteOptions { Uid = record.Uid }, cancellationToken);
        }

        return true;
    }

    private bool IsHeld(CachedObject item, JsonObject record) =>
        AddressRecords.ParentOf(record) is { } parent && objects.Find(Services, item.Cluster, parent.Namespace, parent.Name) is { } service
            && StoredJson.Parse(service.Json.Span)["spec"] is JsonObject spec && ServiceAddresses.Held(spec).Contains(item.Name);
}
