using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Warnings;

/// <summary>Of Services: what says nothing beside what else they say. Upstream: <c>pkg/api/service/warnings.go</c>.</summary>
internal static class ServiceWarnings
{
    private const string Hints = "service.kubernetes.io/topology-aware-hints";

    public static IEnumerable<string> Of(JsonObject o, JsonObject spec)
    {
        string type = spec.Text("type"), address = spec.Text("clusterIP");
        bool hasExternal = spec.Count("externalIPs") > 0;
        if (o.NodeAt("metadata", "annotations") is JsonObject annotations && annotations.ContainsKey(Hints))
        {
            yield return $"annotation {Hints} is deprecated, please use service.kubernetes.io/topology-mode instead";
        }

        if (type == "ClusterIP" && address == "None")
        {
            foreach ((bool said, string member) in new[] { (spec.Text("loadBalancerIP").Length > 0, "loadBalancerIP"), (hasExternal, "externalIPs"), (spec.Text("sessionAffinity") is not ("" or "None"), "SessionAffinity") })
            {
                if (said)
                {
                    yield return $"spec.{member} is ignored for headless services";
                }
            }
        }

        IEnumerable<string> ofAddresses =
        [
            .. address is "" or "None" ? [] : spec.Texts("clusterIPs").SelectMany((a, i) => AddressWarnings.OfIp($"spec.clusterIPs[{i}]", a)),
            .. spec.Texts("externalIPs").SelectMany((a, i) => AddressWarnings.OfIp($"spec.externalIPs[{i}]", a)),
            .. AddressWarnings.OfIp("spec.loadBalancerIP", spec.Text("loadBalancerIP")),
            .. spec.Texts("loadBalancerSourceRanges").SelectMany((a, i) => AddressWarnings.OfCidr($"spec.loadBalancerSourceRanges[{i}]", a)),
        ];
        foreach (string warning in ofAddresses)
        {
            yield return warning;
        }

        if (type == "ExternalName" && hasExternal)
        {
            yield return "spec.externalIPs is ignored when spec.type is \"ExternalName\"";
        }

        if (type != "ExternalName" && spec.Text("externalName").Length > 0)
        {
            yield return "spec.externalName is ignored when spec.type is not \"ExternalName\"";
        }

        if (spec.Text("trafficDistribution") == "PreferClose")
        {
            yield return "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"";
        }
    }
}
