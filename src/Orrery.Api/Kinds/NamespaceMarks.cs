namespace Orrery.Api.Kinds;

/// <summary>Tells the namespaces that stand in a data plane from those of root, where one cluster is both.</summary>
public static class NamespaceMarks
{
    /// <summary>Whether a satellite made it for a namespace of a virtual cluster, or for an Installation: then it is no root namespace of its tenant.</summary>
    public static bool IsMapped(KubeObject ns) =>
        ns.Labels.GetValueOrDefault(OrreryNames.ManagedByLabel) == OrreryNames.Manager
        && (ns.Annotations.ContainsKey(OrreryNames.InstallationAnnotation) || ns.Annotations.ContainsKey(OrreryNames.ClusterAnnotation));
}
