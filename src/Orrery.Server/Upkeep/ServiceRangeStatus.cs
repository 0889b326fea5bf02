using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Says of each ServiceCIDR that somebody wrote whether addresses can be had of it, and lets one that is deleted go when it leaves no address outside of all others. Upstream:
/// <c>pkg/controller/servicecidrs</c>. That of the server itself says so from the start.
/// </summary>
internal sealed class ServiceRangeStatus(CacheSet caches, ObjectStore objects, Writer writer, TimeProvider time, ILogger<ServiceRangeStatus> log) : UpkeepTask(caches, ServiceRanges.Definition.GroupResource, time, log)
{
    private const string Finalizer = "networking.k8s.io/service-cidr-finalizer";
    private const string Manager = "service-cidr-controller";

    protected override bool Concerns(string key) => !key.AsSpan(key.LastIndexOf('/') + 1).SequenceEqual(ServiceRanges.DefaultName);

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null || !objects.Serves(item.Cluster))
        {
            return true;
        }

        KubeObject cidr = KubeObject.Parse(item.Json.Span);
        if (!cidr.IsDeleting)
        {
            if (!Finalizers.Has(cidr, Finalizer))
            {
                await writer.UpdateAsync(ServiceRanges.Definition, item.Cluster, "", item.Name, "", Manager, json => Finalizers.Add(json, Finalizer), cancellationToken);
            }

            await SayAsync(item, ServiceRanges.Condition("True", "", "Kubernetes Service CIDR is ready"), cancellationToken);
        }
        else if (Finalizers.Has(cidr, Finalizer))
        {
            if (LeavesOrphans(item))
            {
                await SayAsync(item, ServiceRanges.Condition("False", "Terminating", "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR"), cancellationToken);
                return false;
            }

            await writer.UpdateAsync(ServiceRanges.Definition, item.Cluster, "", item.Name, "", Manager, json => Finalizers.Remove(json, Finalizer), cancellationToken);
        }

        return true;
    }

    /// <summary>Whether an IPAddress of its networks is in none of another ServiceCIDR, which stays.</summary>
    private bool LeavesOrphans(CachedObject item)
    {
        LayeredSnapshot cidrs = objects.Current(ServiceRanges.Definition), addresses = objects.Current(AddressRecords.Definition);
        IPNetwork[] mine = [.. ServiceRanges.Networks(StoredJson.Parse(item.Json.Span))];
        IPNetwork[] others = [.. cidrs.Range(StoreKey.Prefix(ServiceRanges.Definition.GroupResource, item.Cluster))
            .Where(o => o.Key != item.Key).Select(o => StoredJson.Parse(o.Json.Span)).Where(o => !o.IsDeleting).SelectMany(ServiceRanges.Networks)];
        return addresses.Range(StoreKey.Prefix(AddressRecords.Definition.GroupResource, item.Cluster))
            .Any(a => IPAddress.TryParse(a.Name, out IPAddress? address) && mine.Any(n => n.Contains(address)) && !others.Any(n => n.Contains(address)));
    }

    private async ValueTask SayAsync(CachedObject item, JsonObject wanted, CancellationToken cancellationToken)
    {
        if (IsSaid(StoredJson.Parse(item.Json.Span), wanted))
        {
            return;
        }

        wanted.Insert(2, "lastTransitionTime", Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        await writer.UpdateAsync(
            ServiceRanges.Definition, item.Cluster, "", item.Name, "status", Manager,
            json =>
            {
                if (!IsSaid(json, wanted))
                {
                    JsonObject[] others = [.. Conditions(json).Where(c => c.TextAt("type") != ServiceRanges.Ready).Select(c => (JsonObject)c.DeepClone())];
                    json["status"] = new JsonObject { ["conditions"] = new JsonArray([.. others, wanted.DeepClone()]) };
                }
            },
            cancellationToken);
    }

    private static bool IsSaid(JsonObject cidr, JsonObject wanted) =>
        Conditions(cidr).Any(c => c.TextAt("type") == ServiceRanges.Ready && c.TextAt("status") == wanted.TextAt("status") && c.TextAt("message") == wanted.TextAt("message"));

    private static IEnumerable<JsonObject> Conditions(JsonObject cidr) => (cidr.NodeAt("status", "conditions") as JsonArray ?? []).OfType<JsonObject>();
}
