using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Applying;

/// <summary>Whose a namespace of the cluster is: which namespace of which virtual cluster it stands for. Read from its marks, and written there.</summary>
internal sealed record MappedNamespace(string Tenant, ClusterName Cluster, string Namespace)
{
    /// <summary>Which making of the namespace; null where nobody said.</summary>
    public Incarnation? Incarnation { get; init; }

    public bool IsSameOwner(MappedNamespace other) => this == other with { Incarnation = Incarnation };

    /// <returns>Null for a namespace that is not, or not readably, one of Orrery's.</returns>
    public static MappedNamespace? Of(KubeObject ns)
    {
        string cluster = ns.Annotations.GetValueOrDefault(OrreryNames.ClusterAnnotation) ?? "";
        string[] parts = cluster.Split('/');
        return ns.Labels.GetValueOrDefault(OrreryNames.ManagedByLabel) == OrreryNames.Manager
            && ns.Labels.TryGetValue(OrreryNames.TenantLabel, out string? tenant)
            && ns.Labels.TryGetValue(OrreryNames.NamespaceLabel, out string? name)
            && parts.Length == 2 && parts[0].Length > 0 && parts[1].Length > 0
                ? new MappedNamespace(tenant, ClusterName.Parse(cluster), name) { Incarnation = Incarnation.Parse(ns.Annotations.GetValueOrDefault(OrreryNames.IncarnationAnnotation)) }
                : null;
    }

    /// <summary>Whose a Work is.</summary>
    /// <returns>Null when the Work does not say.</returns>
    public static MappedNamespace? OfWork(KubeObject work) =>
        SourceReference.Of(work) is { Cluster.IsRoot: false } source && work.Labels.TryGetValue(OrreryNames.TenantLabel, out string? tenant)
            ? new MappedNamespace(tenant, source.Cluster, source.Namespace) { Incarnation = Incarnation.OfWork(work) }
            : null;

    public JsonObject ToJson(string name) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Namespace",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject
            {
                [OrreryNames.ManagedByLabel] = OrreryNames.Manager,
                [OrreryNames.TenantLabel] = Tenant,
                [OrreryNames.VirtualClusterLabel] = Cluster.Name,
                [OrreryNames.NamespaceLabel] = Namespace,
            },
            ["annotations"] = Annotations(),
        },
    };

    public JsonObject Annotations()
    {
        var annotations = new JsonObject { [OrreryNames.ClusterAnnotation] = Cluster.ToString() };
        if (Incarnation is { } incarnation)
        {
            annotations[OrreryNames.IncarnationAnnotation] = incarnation.ToString();
        }

        return annotations;
    }

    public override string ToString() => $"namespace {Namespace} of virtual cluster {Cluster} of tenant {Tenant}";
}
