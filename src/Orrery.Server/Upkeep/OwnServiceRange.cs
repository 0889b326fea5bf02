using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Keeps root's ServiceCIDR <c>kubernetes</c>, which tells of the server's own networks; those of virtual clusters are of the base layer. One that tells of other networks is left as
/// it is, but for a family that has come since. Upstream: <c>pkg/controlplane/controller/defaultservicecidr</c>.
/// </summary>
internal sealed class OwnServiceRange(CacheSet caches, ObjectStore objects, Writer writer, IReadOnlyList<ServiceRange> own, TimeProvider time, ILogger<OwnServiceRange> log)
    : UpkeepTask(caches, ServiceRanges.Definition.GroupResource, time, log, isOfRoot: true)
{
    private const string Manager = "kubernetes-service-cidr-controller";

    protected override bool Concerns(string key) => key.AsSpan(key.LastIndexOf('/') + 1).SequenceEqual(ServiceRanges.DefaultName);

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        await EnsureAsync(cancellationToken);
        return true;
    }

    public async ValueTask EnsureAsync(CancellationToken cancellationToken)
    {
        JsonObject wanted = ServiceRanges.Default(own);
        JsonArray cidrs = (JsonArray)wanted["spec"]!["cidrs"]!;
        await writer.EnsureAsync(objects, ServiceRanges.Definition, ClusterName.Root, "", (JsonObject)wanted.DeepClone(), Manager, cancellationToken);
        if (objects.Find(ServiceRanges.Definition, ClusterName.Root, "", ServiceRanges.DefaultName) is not { } found || ObjectStore.Decode(ServiceRanges.Definition, found) is not { IsDeleting: false } json)
        {
            return;
        }

        if (json.NodeAt("spec", "cidrs") is JsonArray { Count: 1 } before && cidrs.Count == 2 && JsonNode.DeepEquals(before[0], cidrs[0]))
        {
            await writer.UpdateAsync(ServiceRanges.Definition, ClusterName.Root, "", json.Name, "", Manager, now => now["spec"]!["cidrs"] = cidrs.DeepClone(), cancellationToken);
        }
        else if (!JsonNode.DeepEquals(json.NodeAt("spec", "cidrs"), cidrs))
        {
            return;
        }

        if (json.NodeAt("status", "conditions") is not JsonArray { Count: > 0 })
        {
            JsonObject status = (JsonObject)wanted["status"]!.DeepClone();
            ((JsonObject)status["conditions"]![0]!).Insert(2, "lastTransitionTime", Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            await writer.UpdateAsync(ServiceRanges.Definition, ClusterName.Root, "", json.Name, "status", Manager, now => now["status"] = status.DeepClone(), cancellationToken);
        }
    }
}
