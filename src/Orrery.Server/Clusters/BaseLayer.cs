using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Server.Authorization;
using Orrery.Server.Discovery;

namespace Orrery.Server.Clusters;

/// <summary>
/// The objects that every cluster begins with: bootstrap roles and bindings, priority classes of the system, flow control, and in a virtual cluster what
/// its first namespaces hold, the Service <c>kubernetes</c> among it, and the APIServices of what it serves. One copy for all clusters, stored nowhere.
/// What a cluster writes over one of them is stored as any object is; what it deletes leaves a tombstone.
/// </summary>
internal sealed class BaseLayer
{
    /// <summary>resourceVersion of all of them: older than anything that a client can have seen.</summary>
    public const long Revision = 1;

    private const string Group = "rbac.authorization.k8s.io";

    private static readonly GroupResource PriorityClasses = new("scheduling.k8s.io", "priorityclasses");

    private static readonly byte[] TombstoneStart = """{"apiVersion":"internal.orrery.dev/v1alpha1","kind":"Tombstone","metadata":{"""u8.ToArray();

    private readonly Lazy<FrozenDictionary<GroupResource, BaseObject[]>> objects;
    private readonly Lazy<RbacLayer> rbac;

    private readonly Func<ClusterName, ClusterIdentity?> identify;
    private readonly string stamp;
    private readonly ApiServiceObjects services;
    private volatile FrozenDictionary<GroupResource, BaseObject[]> own = FrozenDictionary<GroupResource, BaseObject[]>.Empty;

    /// <param name="created">Their creationTimestamp: when this installation was set up.</param>
    /// <param name="authorityPem">What <c>kube-root-ca.crt</c> holds.</param>
    /// <param name="identify">Tells a virtual cluster from all others; null for one that is not there.</param>
    /// <param name="surface">What each cluster serves.</param>
    public BaseLayer(DateTimeOffset created, string authorityPem, Func<ClusterName, ClusterIdentity?> identify, IApiSurface surface)
    {
        this.identify = identify;
        stamp = created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        services = new ApiServiceObjects(surface, json => Encode(json, stamp, ofVirtualClusters: false));
        objects = new(() => Load(stamp, authorityPem));
        rbac = new(() => RbacLayer.Of(objects.Value.Values.SelectMany(list => list).Select(o => KubeObject.Parse(o.Value))));
    }

    /// <summary>Its roles and bindings, read for evaluation.</summary>
    public RbacLayer Rbac => rbac.Value;

    /// <summary>Whether any object of the resource is here.</summary>
    public static bool Has(GroupResource resource) =>
        (resource.Group == Group && resource.Resource is "clusterroles" or "clusterrolebindings" or "roles" or "rolebindings") || resource == PriorityClasses || resource == ApiServiceObjects.Resource || IsOfFlowControl(resource) || IsOfVirtualClusters(resource);

    private static bool IsOfFlowControl(GroupResource resource) => resource.Group == FlowControlObjects.Group && resource.Resource is "flowschemas" or "prioritylevelconfigurations";

    /// <summary>What a cluster deletes of these is soon there again: they say what the server does, and it goes on doing it.</summary>
    public static bool ComesBack(GroupResource resource) => resource == ApiServiceObjects.Resource || IsOfFlowControl(resource) || IsOwnService(resource);

    private static bool IsOfVirtualClusters(GroupResource resource) => (resource.Group.Length == 0 && resource.Resource is "namespaces" or "serviceaccounts" or "configmaps") || IsOwnService(resource);

    private static bool IsOwnService(GroupResource resource) =>
        resource == OwnServiceObjects.Services || resource == OwnServiceObjects.Endpoints || resource == OwnServiceObjects.Slices || resource == OwnServiceObjects.Ranges || resource == OwnServiceObjects.Addresses;

    public static bool IsTombstone(ReadOnlySpan<byte> json) => json.StartsWith(TombstoneStart);

    /// <summary>What stands at the key of a base object that a cluster has deleted.</summary>
    public static byte[] Tombstone(string name) => [.. TombstoneStart, .. "\"name\":"u8, .. JsonSerializer.SerializeToUtf8Bytes(name), .. "}}"u8];

    /// <summary>Lays what virtual clusters have of <see cref="OwnServiceObjects"/>, once it is known where this server listens. Until then they have none.</summary>
    public void Lay(IEnumerable<KeyValuePair<GroupResource, JsonObject>> ownService) =>
        own = ownService.ToFrozenDictionary(o => o.Key, o => (BaseObject[])[Encode((JsonObject)o.Value.DeepClone(), stamp, ofVirtualClusters: true)]);

    /// <summary>The APIService of a version of custom resources; null for a group of which every cluster has some.</summary>
    public BaseObject? ServiceOf(string group, string version) => services.Of(group, version);

    /// <summary>The objects of a resource in a cluster, in key order.</summary>
    public IReadOnlyList<BaseObject> Objects(GroupResource resource, ClusterName cluster) =>
        resource == ApiServiceObjects.Resource ? services.Of(cluster)
        : !Has(resource) || (cluster.IsRoot && IsOfVirtualClusters(resource)) ? []
        : IsOwnService(resource) ? own.GetValueOrDefault(resource, [])
        : objects.Value[resource];

    /// <param name="keySuffix"><c>{namespace or -}/{name}</c>.</param>
    public BaseObject? Find(GroupResource resource, ClusterName cluster, ReadOnlySpan<char> keySuffix)
    {
        IReadOnlyList<BaseObject> all = Objects(resource, cluster);
        int low = 0, high = all.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            int order = keySuffix.SequenceCompareTo(all[middle].KeySuffix);
            if (order == 0)
            {
                return all[middle];
            }

            (low, high) = order < 0 ? (low, middle - 1) : (middle + 1, high);
        }

        return null;
    }

    /// <summary>An object as a cluster has it; null when the cluster is not there.</summary>
    public byte[]? Value(BaseObject item, ClusterName cluster) =>
        !item.IsOfVirtualClusters ? item.Value : identify(cluster) is { } identity ? item.For(identity) : null;

    private static FrozenDictionary<GroupResource, BaseObject[]> Load(string stamp, string authorityPem) =>
        BootstrapRbac.Instance.Keys
            .Select(key => (Resource: new GroupResource(Group, key.Kind.ToLowerInvariant() + "s"), Json: BootstrapRbac.Instance.Find(key)!))
            .Concat(SystemPriorityClasses.Make().Select(json => (Resource: PriorityClasses, Json: json)))
            .Concat(FlowControlObjects.Make())
            .Concat(NamespaceContents.Make(authorityPem))
            .GroupBy(o => o.Resource)
            .ToFrozenDictionary(kind => kind.Key, kind => kind.Select(o => Encode(o.Json, stamp, IsOfVirtualClusters(o.Resource))).OrderBy(o => o.KeySuffix, StringComparer.Ordinal).ToArray());

    private static BaseObject Encode(JsonObject json, string stamp, bool ofVirtualClusters)
    {
        JsonObject metadata = json.Metadata;
        string uid = DerivedUid.Of($"{json.Kind}/{json.Namespace}/{json.Name}");
        foreach (JsonObject condition in (json.NodeAt("status", "conditions") as JsonArray ?? []).OfType<JsonObject>())
        {
            condition.Insert(2, "lastTransitionTime", stamp);
        }

        int place = json.Namespace.Length > 0 ? 2 : 1;
        metadata.Insert(place, "uid", uid);
        metadata.Insert(place + 1, "creationTimestamp", ofVirtualClusters ? BaseObject.Stamp : stamp);
        byte[] value = JsonSerializer.SerializeToUtf8Bytes(json);
        string suffix = $"{(json.Namespace.Length == 0 ? "-" : json.Namespace)}/{json.Name}";
        return ofVirtualClusters
            ? new BaseObject(suffix, value, value.AsSpan().IndexOf(Encoding.ASCII.GetBytes(uid)), Offsets(value, Encoding.ASCII.GetBytes(BaseObject.Stamp)))
            : new BaseObject(suffix, value);
    }

    private static List<int> Offsets(ReadOnlySpan<byte> value, ReadOnlySpan<byte> stamp)
    {
        var offsets = new List<int>();
        for (int from = 0, found; (found = value[from..].IndexOf(stamp)) >= 0; from += found + stamp.Length)
        {
            offsets.Add(from + found);
        }

        return offsets;
    }
}
