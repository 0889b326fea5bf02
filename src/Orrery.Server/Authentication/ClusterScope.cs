using Orrery.Api;

namespace Orrery.Server.Authentication;

/// <summary>The clusters on which a credential means anything. Elsewhere it is refused with 401, as a wrong one is.</summary>
/// <param name="Cluster">Root, one virtual cluster, or <see cref="ClusterName.All"/>.</param>
/// <param name="Uid">
/// Uid of the virtual cluster (of its LogicalCluster), so that one made again under the same name refuses the credential.
/// Null for root and for all; a virtual cluster without it is what the token file names, where an operator wrote the name.
/// </param>
public readonly record struct ClusterScope(ClusterName Cluster, string? Uid = null)
{
    private const string Prefix = "orrery://clusters/";
    private const string UidMark = "?uid=";

    public static readonly ClusterScope Root = new(ClusterName.Root);

    /// <summary>Every cluster of the server: control-plane components only.</summary>
    public static readonly ClusterScope All = new(ClusterName.All);

    public bool IsAll => Cluster.IsAll;

    /// <summary>May be written into a credential: that of a virtual cluster says which one of that name is meant.</summary>
    public bool IsIssuable => Cluster.IsAll || Cluster.IsRoot || !string.IsNullOrEmpty(Uid);

    /// <summary>By name; whether the cluster is still the one that was meant, <see cref="Clusters.LogicalClusters.Admits"/> tells.</summary>
    public bool Covers(ClusterName target) => Cluster.IsAll || Cluster == target;

    /// <summary>The form in a certificate: <c>orrery://clusters/</c>, <c>orrery://clusters/acme/shop?uid=…</c>, <c>orrery://clusters/*</c>.</summary>
    public string ToUri() => Prefix + (Cluster.IsAll ? "*" : Cluster) + (Uid is null ? "" : UidMark + Uid);

    /// <summary>Reads what <see cref="ToUri"/> writes; null for anything else, and for a virtual cluster without uid.</summary>
    public static ClusterScope? FromUri(string uri)
    {
        if (!uri.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        int mark = uri.IndexOf(UidMark, StringComparison.Ordinal);
        return mark < 0 ? From(uri[Prefix.Length..], null) : From(uri[Prefix.Length..mark], uri[(mark + UidMark.Length)..]);
    }

    /// <summary>Reads the part after the prefix (empty, <c>acme/shop</c>, or <c>*</c>) with its uid; null for anything that is not <see cref="IsIssuable"/>.</summary>
    public static ClusterScope? From(string text, string? uid)
    {
        string[] parts = text.Split('/');
        ClusterScope? scope = text.Length == 0 ? Root
            : text == "*" ? All
            : parts.Length == 2 && parts.All(p => p.Length > 0 && !p.Contains('*', StringComparison.Ordinal)) ? new ClusterScope(new ClusterName(parts[0], parts[1]), uid)
            : null;
        return scope is { IsIssuable: true } read && read.Uid == uid ? read : null;
    }

    /// <exception cref="ArgumentException">It is not <see cref="IsIssuable"/>.</exception>
    internal void RequireIssuable()
    {
        if (!IsIssuable)
        {
            throw new ArgumentException($"a credential for the virtual cluster {Cluster} must name its uid");
        }
    }

    public override string ToString() => ToUri();
}
