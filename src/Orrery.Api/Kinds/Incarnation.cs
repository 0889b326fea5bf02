namespace Orrery.Api.Kinds;

/// <summary>
/// Which making of a virtual cluster's namespace something is of. A virtual cluster, or a namespace in it, that is deleted and made again
/// under the same name is another one, and must not meet what the former left.
/// </summary>
/// <param name="Cluster">Uid of the VirtualCluster, or of the Installation.</param>
/// <param name="Namespace">Uid of the namespace in it; the same uid again for an Installation, which has one namespace.</param>
public sealed record Incarnation(string Cluster, string Namespace)
{
    /// <returns>Null when the text names none.</returns>
    public static Incarnation? Parse(string? text) =>
        text?.Split('/') is [{ Length: > 0 } cluster, { Length: > 0 } ns] ? new Incarnation(cluster, ns) : null;

    /// <returns>Null when the Work does not say.</returns>
    public static Incarnation? OfWork(KubeObject work) =>
        work.TextAt("spec", "source", "kind") == "Installation" && work.TextAt("spec", "source", "uid") is { Length: > 0 } installation
            ? new Incarnation(installation, installation)
            : work.TextAt("spec", "source", "clusterUid") is { Length: > 0 } cluster && work.TextAt("spec", "source", "namespaceUid") is { Length: > 0 } ns
            ? new Incarnation(cluster, ns)
            : null;

    public override string ToString() => $"{Cluster}/{Namespace}";
}
