using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Server.Authorization;

namespace Orrery.Server.Clusters;

/// <summary>One object that every cluster begins with.</summary>
/// <param name="KeySuffix"><c>{namespace or -}/{name}</c>: the end of its key in any cluster.</param>
/// <param name="Value">Encoded as the store would keep it: without resourceVersion.</param>
internal sealed record BaseObject(string KeySuffix, byte[] Value);

/// <summary>
/// The objects that every cluster begins with: bootstrap roles and bindings, priority classes of the system. One copy for all clusters, stored nowhere.
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

    /// <param name="created">Their creationTimestamp: when this installation was set up.</param>
    public BaseLayer(DateTimeOffset created)
    {
        objects = new(() => Load(created));
        rbac = new(() => new RbacLayer(objects.Value.Values.SelectMany(list => list).Select(o => KubeObject.Parse(o.Value)), []));
    }

    /// <summary>Its roles and bindings, read for evaluation.</summary>
    public RbacLayer Rbac => rbac.Value;

    /// <summary>Whether any object of the resource is here.</summary>
    public static bool Has(GroupResource resource) =>
        (resource.Group == Group && resource.Resource is "clusterroles" or "clusterrolebindings" or "roles" or "rolebindings") || resource == PriorityClasses;

    public static bool IsTombstone(ReadOnlySpan<byte> json) => json.StartsWith(TombstoneStart);

    /// <summary>What stands at the key of a base object that a cluster has deleted.</summary>
    public static byte[] Tombstone(string name) => [.. TombstoneStart, .. "\"name\":"u8, .. JsonSerializer.SerializeToUtf8Bytes(name), .. "}}"u8];

    /// <summary>The objects of a resource in key order.</summary>
    public IReadOnlyList<BaseObject> Objects(GroupResource resource) => Has(resource) ? objects.Value[resource] : [];

    /// <param name="keySuffix"><c>{namespace or -}/{name}</c>.</param>
    public BaseObject? Find(GroupResource resource, ReadOnlySpan<char> keySuffix)
    {
        IReadOnlyList<BaseObject> all = Objects(resource);
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

    private static FrozenDictionary<GroupResource, BaseObject[]> Load(DateTimeOffset created)
    {
        string stamp = created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return BootstrapRbac.Instance.Keys
            .Select(key => (Resource: new GroupResource(Group, key.Kind.ToLowerInvariant() + "s"), Json: BootstrapRbac.Instance.Find(key)!))
            .Concat(SystemPriorityClasses.Make().Select(json => (Resource: PriorityClasses, Json: json)))
            .GroupBy(o => o.Resource)
            .ToFrozenDictionary(kind => kind.Key, kind => kind.Select(o => Encode(o.Json, stamp)).OrderBy(o => o.KeySuffix, StringComparer.Ordinal).ToArray());
    }

    private static BaseObject Encode(JsonObject json, string stamp)
    {
        JsonObject metadata = json.Metadata;
        int place = json.Namespace.Length > 0 ? 2 : 1;
        metadata.Insert(place, "uid", Uid(json));
        metadata.Insert(place + 1, "creationTimestamp", stamp);
        return new BaseObject($"{(json.Namespace.Length == 0 ? "-" : json.Namespace)}/{json.Name}", JsonSerializer.SerializeToUtf8Bytes(json));
    }

    /// <summary>The same in every cluster and after every start: a UUID (RFC 9562 version 8) out of the object's identity.</summary>
    private static string Uid(JsonObject json)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{json.Kind}/{json.Namespace}/{json.Name}"), hash);
        hash[6] = (byte)((hash[6] & 0x0f) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new Guid(hash[..16], bigEndian: true).ToString();
    }
}
