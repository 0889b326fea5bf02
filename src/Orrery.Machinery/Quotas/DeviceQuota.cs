using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Quotas;

/// <summary>
/// Claims of devices: <c>evaluator/core/resource_claims.go</c>. What a claim may get at most counts, since nobody knows yet what it will: as devices of their class, and as the extended
/// resources by whose names pods may ask for the same devices.
/// </summary>
internal sealed class DeviceQuota(GroupResource resource, IQuotaSurroundings surroundings) : QuotaEvaluator(resource)
{
    public const string OfClass = ".deviceclass.resource.k8s.io/devices";

    /// <summary>Before the name of a class: the extended resource that every class is, whether it names one or not.</summary>
    public const string ImplicitName = "deviceclass.resource.kubernetes.io/";

    public static readonly GroupResource Claims = new("resource.k8s.io", "resourceclaims");
    public static readonly GroupResource Classes = new("resource.k8s.io", "deviceclasses");

    private const string Requests = "requests.";

    /// <summary>As many devices as a claim can be given at all.</summary>
    private const long MostOfClaim = 32;

    private static readonly GroupResource Pods = new("", "pods");

    /// <summary>Names of classes, with the extended resource that each names; empty for none. Read when first asked for: most claims meet no quota.</summary>
    private readonly Lazy<IReadOnlyDictionary<string, string>> classes = new(() =>
        surroundings.All(Classes).ToDictionary(c => c.Name, c => c.TextAt("spec", "extendedResourceName") ?? "", StringComparer.Ordinal));

    /// <summary>Whether a limit may be one on an extended resource that devices are.</summary>
    public static bool IsOfExtended(string limit) => limit.StartsWith(Requests, StringComparison.Ordinal) && limit.Contains('/', StringComparison.Ordinal);

    public override bool Handles(bool isCreate, string subresource) => subresource.Length == 0;

    public override IEnumerable<string> Matching(IEnumerable<string> hard) => hard.Where(name =>
        IsCount(name) || name.EndsWith(OfClass, StringComparison.Ordinal) || (IsOfExtended(name) && IsOfClasses(name[Requests.Length..])));

    public override ResourceList Usage(JsonObject item, DateTimeOffset now)
    {
        // 1. Of each class.
        ResourceList usage = One();
        var devices = new ResourceList();
        foreach (JsonObject request in item.ObjectAt("spec").Child("devices")?.Items("requests") ?? [])
        {
            var most = new ResourceList();
            foreach (JsonObject asked in request.Count("firstAvailable") > 0 ? request.Items("firstAvailable") : request.Child("exactly") is { } exactly ? [exactly] : [])
            {
                string name = asked.Text("deviceClassName");
                var count = Quantity.FromWhole(asked.Text("allocationMode") == "All" ? MostOfClaim : asked.Number("count") is { } said ? (long)said : 1);
                most[name] = most.TryGetValue(name, out Quantity other) && other > count ? other : count;
            }

            devices.Plus(most);
        }

        // 2. The same by the names of extended resources, but for what was charged to the pod for whose sake the scheduler made the claim.
        var extended = new ResourceList();
        foreach ((string name, Quantity count) in devices)
        {
            usage[name + OfClass] = count;
            extended.Plus(Requests + ImplicitName + name, count);
            if (classes.Value.GetValueOrDefault(name) is { Length: > 0 } named)
            {
                extended.Plus(Requests + named, count);
            }
        }

        usage.Plus(QuotaCheck.Difference(extended, ChargedToPod(item, now)));
        return usage;
    }

    private bool IsOfClasses(string extended) => extended.StartsWith(ImplicitName, StringComparison.Ordinal)
        ? classes.Value.ContainsKey(extended[ImplicitName.Length..])
        : classes.Value.Values.Contains(extended, StringComparer.Ordinal);

    /// <summary>
    /// What the pod uses that asked for extended resources and got this claim for it; null for any other claim. Anybody can write that a claim is a pod's, so the pod must say so too, or,
    /// as long as it says nothing, the claim must be the first that says so.
    /// </summary>
    private ResourceList? ChargedToPod(JsonObject claim, DateTimeOffset now)
    {
        if (OwnerOf(claim) is not { } owner || surroundings.Find(Pods, owner.Name) is not { } pod || pod.Metadata.Text("uid") != owner.Uid)
        {
            return null;
        }

        bool isItsOwn = pod.NodeAt("status", "extendedResourceClaimStatus") is JsonObject said
            ? said.Text("resourceClaimName") == claim.Name
            : !surroundings.All(Claims).Any(c => OwnerOf(c)?.Uid == owner.Uid && IsBefore(c, claim));
        return isItsOwn ? For(Pods, surroundings).Usage(pod, now) : null;
    }

    private static (string Name, string Uid)? OwnerOf(JsonObject claim) =>
        claim.Metadata.TextMap("annotations").GetValueOrDefault("resource.kubernetes.io/extended-resource-claim") == "true"
        && claim.Metadata.Items("ownerReferences").FirstOrDefault(o => o.Flag("controller")) is { } owner && owner.Text("kind") == "Pod" && owner.Text("apiVersion") == "v1"
            ? (owner.Text("name"), owner.Text("uid"))
            : null;

    private static bool IsBefore(JsonObject one, JsonObject other) =>
        (string.CompareOrdinal(one.Metadata.Text("creationTimestamp"), other.Metadata.Text("creationTimestamp")), string.CompareOrdinal(one.Name, other.Name)) is ( < 0, _) or (0, < 0);
}
