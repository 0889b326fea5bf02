using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Quotas;

/// <summary>Services: <c>evaluator/core/services.go</c>.</summary>
internal sealed class ServiceQuota(GroupResource resource) : QuotaEvaluator(resource)
{
    private const string NodePorts = "services.nodeports";
    private const string LoadBalancers = "services.loadbalancers";

    public override bool Handles(bool isCreate, string subresource) => subresource.Length == 0;

    public override IEnumerable<string> Matching(IEnumerable<string> hard) => hard.Where(name => IsCount(name) || name is NodePorts or LoadBalancers);

    public override ResourceList Usage(JsonObject item, DateTimeOffset now)
    {
        ResourceList usage = One();
        JsonObject spec = item.ObjectAt("spec");
        string type = spec.Text("type");
        int ports = spec.Count("ports");

        // Intent counts: the ports themselves may not have been given out yet.
        usage[NodePorts] = Quantity.FromWhole(type switch
        {
            "NodePort" => ports,
            "LoadBalancer" when spec.FlagAt("allocateLoadBalancerNodePorts") == false => spec.Items("ports").Count(p => p.Number("nodePort") is > 0),
            "LoadBalancer" => ports,
            _ => 0,
        });
        usage[LoadBalancers] = Quantity.FromWhole(type == "LoadBalancer" ? 1 : 0);
        return usage;
    }
}

/// <summary>Claims: <c>evaluator/core/persistent_volume_claims.go</c>.</summary>
internal sealed class ClaimQuota(GroupResource resource) : QuotaEvaluator(resource)
{
    private const string Storage = "requests.storage";
    private const string OfClass = ".storageclass.storage.k8s.io/";

    public override bool Handles(bool isCreate, string subresource) => subresource.Length == 0;

    public override IEnumerable<string> Matching(IEnumerable<string> hard) => hard.Where(name =>
        IsCount(name) || name == Storage || name.EndsWith(OfClass + Storage, StringComparison.Ordinal) || name.EndsWith(OfClass + "persistentvolumeclaims", StringComparison.Ordinal));

    public override bool IsIn(QuotaScope scope, JsonObject item) => scope.MatchesClaim(item);

    public override ResourceList Usage(JsonObject item, DateTimeOffset now)
    {
        ResourceList usage = One();
        JsonObject spec = item.ObjectAt("spec");
        string type = item.TextAt("metadata", "annotations", "volume.beta.kubernetes.io/storage-class") ?? spec.Text("storageClassName");
        if (type.Length > 0)
        {
            usage[type + OfClass + "persistentvolumeclaims"] = Quantity.FromWhole(1);
        }

        if (ResourceList.Read(spec.Child("resources")?["requests"]).TryGetValue("storage", out Quantity asked))
        {
            // What was given counts where it is more than what is asked for.
            if (ResourceList.Read(item.Child("status")?["allocatedResources"]).TryGetValue("storage", out Quantity given) && given > asked)
            {
                asked = given;
            }

            usage[Storage] = asked;
            if (type.Length > 0)
            {
                usage[type + OfClass + Storage] = asked;
            }
        }

        return usage;
    }
}
