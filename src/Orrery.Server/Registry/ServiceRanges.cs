using System.Net;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.CustomResources;

namespace Orrery.Server.Registry;

/// <summary>
/// The networks that a cluster's Services take their addresses from: the server's own, which the ServiceCIDR <c>kubernetes</c> tells of, and those of ServiceCIDRs that are ready.
/// Upstream: <c>pkg/registry/core/service/ipallocator/cidrallocator.go</c>.
/// </summary>
/// <param name="own">One, or one of each family; Services are of the first one's by themselves.</param>
internal sealed class ServiceRanges(CacheSet caches, IReadOnlyList<ServiceRange> own)
{
    public const string DefaultName = "kubernetes";
    public const string Ready = "Ready";

    public static readonly ResourceDefinition Definition = BuiltinResources.Instance.Require("networking.k8s.io", "v1", "servicecidrs");

    public IReadOnlyList<ServiceRange> Own => own;

    /// <summary>The ServiceCIDR of the server's own networks; without what every object gets by itself.</summary>
    public static JsonObject Default(IEnumerable<ServiceRange> own) => new()
    {
        ["apiVersion"] = Definition.Kind.ApiVersion,
        ["kind"] = Definition.Kind.Kind,
        ["metadata"] = new JsonObject { ["name"] = DefaultName },
        ["spec"] = new JsonObject { ["cidrs"] = new JsonArray([.. own.Select(r => (JsonNode)r.ToString())]) },
        ["status"] = new JsonObject { ["conditions"] = new JsonArray(Condition("True", "", "Kubernetes default Service CIDR is ready")) },
    };

    /// <summary>Whether addresses can be had of a ServiceCIDR; without the time of its last change.</summary>
    public static JsonObject Condition(string status, string reason, string message) => new() { ["type"] = Ready, ["status"] = status, ["reason"] = reason, ["message"] = message };

    /// <summary>Those of a family, the server's own first.</summary>
    public IEnumerable<ServiceRange> Of(ClusterName cluster, string family) =>
        own.Concat(caches.For(Definition.GroupResource).Current.Range(StoreKey.Prefix(Definition.GroupResource, cluster)).SelectMany(Further)).Where(r => r.Family == family);

    /// <summary>The networks of a ServiceCIDR.</summary>
    public static IEnumerable<IPNetwork> Networks(JsonObject cidr)
    {
        foreach (JsonNode? text in cidr.NodeAt("spec", "cidrs") as JsonArray ?? [])
        {
            if (IPNetwork.TryParse(text?.GetValue<string>(), out IPNetwork network))
            {
                yield return network;
            }
        }
    }

    private static IEnumerable<ServiceRange> Further(CachedObject item)
    {
        if (item.Name == DefaultName || BaseLayer.IsTombstone(item.Json.Span))
        {
            return [];
        }

        JsonObject cidr = StoredJson.Parse(item.Json.Span);
        return cidr.IsDeleting || !DefinitionStatus.IsTrue(cidr, Ready) ? [] : Networks(cidr).Select(ServiceRange.Of);
    }
}
