using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Private;

/// <summary>One object of the tenant's that is fetched from the vendor.</summary>
/// <param name="Namespace">Empty for a kind that has none.</param>
internal readonly record struct FetchedObject(string Kind, string Namespace, string Name)
{
    /// <summary>On what was fetched: name of the data plane as which it was.</summary>
    public const string Label = OrreryNames.FetchedLabel;

    /// <summary>Nothing else is taken, whatever the vendor lays out: what runs here comes of Installations in the tenant's own namespaces.</summary>
    public static readonly IReadOnlyDictionary<string, GroupVersionResource> Kinds = new Dictionary<string, GroupVersionResource>(StringComparer.Ordinal)
    {
        ["Tenant"] = OrreryResources.Tenants,
        ["TenantClass"] = OrreryResources.TenantClasses,
        ["Application"] = OrreryResources.Applications,
        ["Release"] = OrreryResources.Releases,
        ["Installation"] = OrreryResources.Installations,
    };

    /// <summary>The tenant has namespaces with things of its own in them: it stays, and is the cluster's owner's to remove.</summary>
    public bool GoesAgain => Kind is "Application" or "Release" or "Installation";

    /// <returns>Null for a Work that holds nothing.</returns>
    public static FetchedObject? Of(KubeObject work) => work.At("spec", "manifest") is { } manifest ? OfObject(new KubeObject(manifest)) : null;

    public static FetchedObject OfObject(KubeObject found) => new(found.Kind, found.Namespace, found.Name);

    public override string ToString() => $"{Kind} {(Namespace.Length > 0 ? Namespace + "/" : "")}{Name}";
}
