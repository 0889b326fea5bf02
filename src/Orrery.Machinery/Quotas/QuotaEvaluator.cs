using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Quotas;

/// <summary>
/// How objects of one resource use up quotas. Upstream: <c>pkg/quota/v1/evaluator/core</c> and apiserver
/// <c>pkg/quota/v1/generic</c>. For one look: what it read of its surroundings it keeps.
/// </summary>
public abstract class QuotaEvaluator(GroupResource resource)
{
    /// <summary>Resources that may be limited by their bare name too.</summary>
    private static readonly HashSet<string> BareNames = new(StringComparer.Ordinal)
    {
        "configmaps", "persistentvolumeclaims", "pods", "replicationcontrollers", "resourcequotas", "secrets", "services",
    };

    private static readonly GroupResource Pods = new("", "pods");

    /// <summary><c>count/deployments.apps</c>.</summary>
    protected string CountName { get; } = "count/" + resource;

    public static QuotaEvaluator For(GroupResource resource, IQuotaSurroundings surroundings) => resource switch
    {
        { Group: "", Resource: "pods" } => new PodQuota(resource),
        { Group: "", Resource: "services" } => new ServiceQuota(resource),
        { Group: "", Resource: "persistentvolumeclaims" } => new ClaimQuota(resource),
        { Group: "resource.k8s.io", Resource: "resourceclaims" } => new DeviceQuota(resource, surroundings),
        _ => new CountQuota(resource),
    };

    /// <summary>Resources whose objects may use a limit.</summary>
    public static IReadOnlyList<GroupResource> UsersOf(string limit) =>
        ResourceOf(limit) is { } one ? [one]
        : limit.StartsWith("services.", StringComparison.Ordinal) ? [new GroupResource("", "services")]
        : limit == "requests.storage" || limit.Contains(".storageclass.storage.k8s.io/", StringComparison.Ordinal) ? [new GroupResource("", "persistentvolumeclaims")]
        : DeviceQuota.IsOfExtended(limit) ? [Pods, DeviceQuota.Claims]
        : [Pods];

    /// <summary>Resources of which a change may change what counts: those that use the limit, and what says which do.</summary>
    public static IReadOnlyList<GroupResource> DecidersOf(string limit) => DeviceQuota.IsOfExtended(limit) ? [.. UsersOf(limit), DeviceQuota.Classes] : UsersOf(limit);

    /// <summary>The resource that a limit's name is about, or null when it is about all pods' amounts or is unknown.</summary>
    private static GroupResource? ResourceOf(string name)
    {
        if (BareNames.Contains(name))
        {
            return new GroupResource("", name);
        }

        if (name.EndsWith(DeviceQuota.OfClass, StringComparison.Ordinal))
        {
            return DeviceQuota.Claims;
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

    /// <summary>Whether an object is within all of a quota's scopes.</summary>
    public bool IsCounted(JsonObject quota, JsonObject item) => QuotaScope.Of(quota).All(scope => IsIn(scope, item));

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
