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
/// Keeps the Service <c>kubernetes</c> of every cluster, and its endpoints, pointing at this server: root's are stored, so that its watchers hear of an address that changed with a
/// restart; those of virtual clusters are of the base layer, with the ServiceCIDR and the IPAddress that belong to it. What somebody deletes comes back, and where no other server shares the store, what somebody writes over where they lead is put right.
/// </summary>
/// <param name="ranges">Of which the Service's address is the first.</param>
internal sealed class OwnService(CacheSet caches, ObjectStore objects, Writer writer, IReadOnlyList<ServiceRange> ranges, OwnServiceRange rangeObject, TimeProvider time, ILogger<OwnService> log)
{
    private const string Manager = "kube-apiserver";

    /// <summary>Servers of one store may each be reached elsewhere. The one that started last says where; would each put the others right, they would never end.</summary>
    private readonly bool isAlone = caches.Store is ILocalStore;
    private readonly CacheSet caches = caches;
    private readonly TimeProvider time = time;
    private readonly ILogger log = log;
    private readonly TaskCompletionSource told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IReadOnlyDictionary<GroupResource, JsonObject> wanted = new Dictionary<GroupResource, JsonObject>();

    /// <summary>To be called once, when the server listens. Root has its objects when this returns.</summary>
    /// <param name="host">Where clients reach this server: an address or a name.</param>
    public async ValueTask TellAsync(string host, int port, CancellationToken cancellationToken)
    {
        wanted = OwnServiceObjects.Make(ranges[0], host, port);
        objects.Layer.Lay(wanted.Concat(OwnServiceObjects.MakeAddressing(ranges)));
        await FirstSteps.RunAsync(
            async () =>
            {
                await rangeObject.EnsureAsync(cancellationToken);
                await Task.WhenAll(wanted.Keys.Select(r => EnsureAsync(Definition(r), ClusterName.Root, cancellationToken).AsTask()));
            },
            time, log, cancellationToken);
        told.SetResult();
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await told.Task.WaitAsync(cancellationToken);
        await Task.WhenAll([rangeObject.RunAsync(cancellationToken), .. wanted.Keys.Select(r => new Followed(this, Definition(r)).RunAsync(cancellationToken))]);
    }

    private static ResourceDefinition Definition(GroupResource resource) => BuiltinResources.Instance.Require(resource.Group, "v1", resource.Resource);

    private async ValueTask EnsureAsync(ResourceDefinition resource, ClusterName cluster, CancellationToken cancellationToken)
    {
        JsonObject right = wanted[resource.GroupResource];
        if (objects.Find(resource, cluster, OwnServiceObjects.Namespace, OwnServiceObjects.Name) is not { } found)
        {
            await writer.EnsureAsync(objects, resource, cluster, OwnServiceObjects.Namespace, (JsonObject)right.DeepClone(), Manager, cancellationToken);
        }
        else if (ObjectStore.Decode(resource, found) is var json && json.TextAt("addressType") != right.TextAt("addressType"))
        {
            // Which cannot be changed. A virtual cluster shows that of the base layer again.
            await writer.DeleteAsync(resource, cluster, OwnServiceObjects.Namespace, OwnServiceObjects.Name, new DeleteOptions { Uid = json.Uid }, cancellationToken);
            if (cluster.IsRoot)
            {
                await writer.EnsureAsync(objects, resource, cluster, OwnServiceObjects.Namespace, (JsonObject)right.DeepClone(), Manager, cancellationToken);
            }
        }
        else
        {
            await writer.UpdateAsync(resource, cluster, OwnServiceObjects.Namespace, OwnServiceObjects.Name, "", Manager, now => Correct(now, right), cancellationToken);
        }
    }

    /// <summary>Where it leads; labels and the like are whoever's who wrote them.</summary>
    private static void Correct(JsonObject json, JsonObject right)
    {
        foreach (string field in (string[])["subsets", "endpoints", "ports"])
        {
            if (right[field] is { } value && !JsonNode.DeepEquals(json[field], value))
            {
                json[field] = value.DeepClone();
            }
        }

        if (right["spec"] is JsonObject spec && json["spec"] is JsonObject now)
        {
            now["type"] = spec["type"]!.DeepClone();
            now["ports"] = spec["ports"]!.DeepClone();
        }
    }

    /// <summary>The object of one kind in every cluster.</summary>
    private sealed class Followed(OwnService own, ResourceDefinition resource) : UpkeepTask(own.caches, resource.GroupResource, own.time, own.log)
    {
        protected override bool Concerns(string key) => key.EndsWith("/" + OwnServiceObjects.KeySuffix, StringComparison.Ordinal);

        protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
        {
            if (item is null)
            {
                // A virtual cluster shows that of the base layer again.
                if (key == resource.KeyOf(ClusterName.Root, OwnServiceObjects.Namespace, OwnServiceObjects.Name))
                {
                    await own.EnsureAsync(resource, ClusterName.Root, cancellationToken);
                }
            }
            else if (BaseLayer.IsTombstone(item.Json.Span))
            {
                await Caches.CommitAsync(new Transaction([new Condition(key, item.Revision)], [new Write(key, null)]), cancellationToken);
            }
            else if (own.isAlone)
            {
                await own.EnsureAsync(resource, item.Cluster, cancellationToken);
            }

            return true;
        }
    }
}
