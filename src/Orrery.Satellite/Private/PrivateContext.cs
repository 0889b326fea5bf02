using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Offline;

namespace Orrery.Satellite.Private;

/// <summary>What the parts that fetch a tenant's objects share: the vendor on one side, the tenant's own cluster on the other.</summary>
internal sealed class PrivateContext
{
    public static readonly TimeSpan RefusedLook = TimeSpan.FromSeconds(10);

    /// <summary>On the DataPlane here: uid of the vendor's, as it was when it was first heard.</summary>
    public const string VendorAnnotation = "orrery.dev/vendor-uid";

    private const string ByTarget = "target";

    private readonly Dictionary<string, Informer> fetched;

    public PrivateContext(PrivateOptions options, KubeClient vendor, KubeClient cluster)
    {
        Options = options;
        Vendor = vendor;
        Cluster = cluster;
        InformerOptions informers = new() { Transform = InformerOptions.WithoutManagedFields, Time = options.Time, Loggers = options.Loggers };
        InformerOptions named = informers with { FieldSelector = "metadata.name=" + options.DataPlane };
        Works = new Informer(vendor, OrreryResources.Works, informers with { Namespace = VendorNamespace })
            .AddIndex(ByTarget, w => FetchedObject.Of(w) is { } target ? [target.ToString()] : []);
        VendorPlane = new Informer(vendor, OrreryResources.DataPlanes, named);
        OwnPlane = new Informer(cluster, OrreryResources.DataPlanes, named);
        Restoration = new RestorationHold(vendor, options.DataPlane, [Works], options.Time);
        fetched = FetchedObject.Kinds.ToDictionary(
            k => k.Key, k => new Informer(cluster, k.Value, informers with { LabelSelector = $"{FetchedObject.Label}={options.DataPlane}" }), StringComparer.Ordinal);
    }

    public PrivateOptions Options { get; }

    public string DataPlane => Options.DataPlane;

    public string Tenant => Options.Tenant;

    public TimeProvider Time => Options.Time;

    public KubeClient Vendor { get; }

    public KubeClient Cluster { get; }

    /// <summary>What the vendor lays out for this tenant, and nothing else is all that may be read there.</summary>
    public Informer Works { get; }

    /// <summary>Whether what the vendor does not lay out is kept nevertheless.</summary>
    public RestorationHold Restoration { get; }

    /// <summary>The DataPlane that this is to the vendor.</summary>
    public Informer VendorPlane { get; }

    /// <summary>The DataPlane of the same name in the tenant's own control plane.</summary>
    public Informer OwnPlane { get; }

    /// <summary>What was fetched, as it is here; by kind.</summary>
    public IReadOnlyDictionary<string, Informer> Fetched => fetched;

    public string VendorNamespace => OrreryNames.DataPlaneNamespace(DataPlane);

    /// <summary>
    /// Whether the vendor's DataPlane is the one that things were fetched as. One that was made anew under the same name knows nothing of what runs here, and
    /// that it lays out nothing is no wish to remove it.
    /// </summary>
    public bool IsSameVendor =>
        VendorPlane.Get(ClusterName.Root, "", DataPlane) is { } theirs
        && OwnPlane.Get(ClusterName.Root, "", DataPlane)?.Annotations.GetValueOrDefault(VendorAnnotation) == theirs.Uid;

    public KubeObject? Find(FetchedObject key) => fetched.TryGetValue(key.Kind, out Informer? informer) ? informer.Get(ClusterName.Root, key.Namespace, key.Name) : null;

    public void Observe(FetchedObject key, KubeObject written) => fetched[key.Kind].Observe(written);

    /// <summary>What was fetched and would go again, and the vendor does not lay out.</summary>
    public IEnumerable<FetchedObject> Kept() => fetched.Values.SelectMany(i => i.All()).Select(FetchedObject.OfObject).Where(k => k.GoesAgain && WorksOf(k).Count == 0);

    /// <summary>Works that want an object; several installations may want the same release.</summary>
    public IReadOnlyList<KubeObject> WorksOf(FetchedObject key) =>
        [.. Works.ByIndex(ByTarget, key.ToString()).Where(w => !w.IsDeleting).OrderBy(w => w.Name, StringComparer.Ordinal)];
}
