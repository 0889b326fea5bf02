using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Quotas;

/// <summary>
/// How objects of one resource use up quotas. Upstream: <c>pkg/quota/v1/evaluator/core</c> and apiserver
/// <c>pkg/quota/v1/generic</c>. Stateless.
/// </summary>
public abstract class QuotaEvaluator(GroupResource resource)
{
    /// <summary>Resources that may be limited by their bare name too.</summary>
    private static readonly HashSet<string> BareNames = new(StringComparer.Ordinal)
    {
        "configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets", "services",
    };

    /// <summary><c>count/deployments.apps</c>.</summary>
    protected string CountName { get; } = "count/" + resource;

    public static QuotaEvaluator For(GroupResource resource) => resource switch
    {
        { Group: "", Resource: "pods" } => new PodQuota(resource),
        { Group: "", Resource: "services" } => new ServiceQuota(resource),
        { Group: "", Resource: "persistentvolumeclaims" } => new ClaimQuota(resource),
        { Group: "resource.k8s.io", Resource: "resourceclaims" } => new DeviceQuota(resource),
        _ => new CountQuota(resource),
    };

    /// <summary>The resource that a limit's name is about, or null when it is about all pods' amounts or is unknown.</summary>
    public static GroupResource? ResourceOf(string name)
    {
        if (BareNames.Contains(name))
        {
            return new GroupResource("", name);
        }

        if (name.EndsWith(DeviceQuota.OfClass, StringComparison.Ordinal))
        {
            return new GroupResource("resource.k8s.io", "resourceclaims");
        }

        if (!name.StartsWith("count/", StringComparison.Ordinal))
        {
            return null;
        }

        string counted = name["count/".Length..];
        int dot = counted.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? new GroupResource("", counted) : new GroupResource(counted[(dot + 1)..], counted[..dot]);
    }

    /// <summary>Whether a write can use up anything.</summary>
    public virtual bool Handles(bool isCreate, string subresource) => isCreate && subresource.Length == 0;

    /// <summary>Those limits that objects of this resource count against.</summary>
    public virtual IEnumerable<string> Matching(IEnumerable<string> hard) => hard.Where(IsCount);

    /// <summary>Whether an object is within one of a quota's scopes.</summary>
    public virtual bool IsIn(QuotaScope scope, JsonObject item) => false;

    /// <summary>What one object uses.</summary>
    public abstract ResourceList Usage(JsonObject item, DateTimeOffset now);

    /// <summary>What an object must say before it can be counted, or null when it says all.</summary>
    /// <param name="limited">The limits that it would count against.</param>
    public virtual string? Missing(IEnumerable<string> limited, JsonObject item) => null;

    protected bool IsCount(string name) => name == CountName || (resource.Group.Length == 0 && name == resource.Resource && BareNames.Contains(name));

    protected ResourceList One()
    {
        var usage = new ResourceList { [CountName] = Quantity.FromWhole(1) };
        if (resource.Group.Length == 0 && BareNames.Contains(resource.Resource))
        {
            usage[resource.Resource] = Quantity.FromWhole(1);
        }

        return usage;
    }
}

/// <summary>Resources of which objects are counted and nothing else.</summary>
internal sealed class CountQuota(GroupResource resource) : QuotaEvaluator(resource)
{
    public override ResourceList Usage(JsonObject item, DateTimeOffset now) => One();
}
