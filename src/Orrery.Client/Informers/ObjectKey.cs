using Orrery.Api;

namespace Orrery.Client;

/// <summary>Names one object among all clusters of a server. <see cref="Namespace"/> is empty for cluster-scoped kinds.</summary>
public readonly record struct ObjectKey(ClusterName Cluster, string Namespace, string Name)
{
    /// <summary>The key of an object, with the cluster that it says it came from (root unless read over all clusters).</summary>
    public static ObjectKey Of(KubeObject found) => new(found.Cluster, found.Namespace, found.Name);

    /// <summary><c>acme/shop:default/productpage</c>; no cluster part in root.</summary>
    public override string ToString() =>
        $"{(Cluster.IsRoot ? "" : Cluster + ":")}{(Namespace.Length == 0 ? "" : Namespace + "/")}{Name}";
}

/// <summary>One change that an informer saw. Added: no <see cref="Old"/>. Deleted: no <see cref="Current"/>, and Old is the last known state.</summary>
public readonly record struct InformerChange(ObjectKey Key, KubeObject? Old, KubeObject? Current)
{
    public bool IsAdded => Old is null;

    public bool IsDeleted => Current is null;

    /// <summary>The present or, when deleted, the last known state.</summary>
    public KubeObject Latest => Current ?? Old!;
}
