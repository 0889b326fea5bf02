using Orrery.Api;

namespace Orrery.Server.Authentication;

/// <summary>The clusters on which a credential means anything. Elsewhere it is refused with 401, as a wrong one is.</summary>
/// <param name="Cluster">Root, one virtual cluster, or <see cref="ClusterName.All"/>.</param>
public readonly record struct ClusterScope(ClusterName Cluster)
{
    private const string Prefix = "orrery://clusters/";

    public static readonly ClusterScope Root = new(ClusterName.Root);

    /// <summary>Every cluster of the server: control-plane components only.</summary>
    public static readonly ClusterScope All = new(ClusterName.All);

    public bool IsAll => Cluster.IsAll;

    public bool Covers(ClusterName target) => Cluster.IsAll || Cluster == target;

    /// <summary>The form in a certificate: <c>orrery://clusters/</c>, <c>orrery://clusters/acme/shop</c>, <c>orrery://clusters/*</c>.</summary>
    public string ToUri() => Cluster.IsAll ? Prefix + "*" : Prefix + Cluster;

    /// <summary>Reads what <see cref="ToUri"/> writes; null for anything else.</summary>
    public static ClusterScope? FromUri(string uri) => uri.StartsWith(Prefix, StringComparison.Ordinal) ? From(uri[Prefix.Length..]) : null;

    /// <summary>Reads the part after the prefix: empty, <c>acme/shop</c>, or <c>*</c>; null for anything else.</summary>
    public static ClusterScope? From(string text)
    {
        string[] parts = text.Split('/');
        return text.Length == 0 ? Root
            : text == "*" ? All
            : parts.Length == 2 && parts.All(p => p.Length > 0 && !p.Contains('*', StringComparison.Ordinal)) ? new ClusterScope(new ClusterName(parts[0], parts[1]))
            : null;
    }

    public override string ToString() => ToUri();
}
