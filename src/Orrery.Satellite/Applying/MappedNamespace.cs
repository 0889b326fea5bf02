using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Applying;

/// <summary>
/// Whose a namespace of the cluster is: which namespace of which virtual cluster it stands for, or which Installation it is of. Read from
/// its marks, and written there.
/// </summary>
/// <param name="Tenant">Empty for the vendor's own.</param>
/// <param name="Cluster">Root for that of an Installation.</param>
/// <param name="Namespace">Inside the virtual cluster; empty for that of an Installation.</param>
internal sealed record MappedNamespace(string Tenant, ClusterName Cluster, string Namespace)
{
    /// <summary>As <c>namespace/name</c>; null for a namespace of a virtual cluster.</summary>
    public string? Installation { get; init; }

    /// <summary>Of an Installation for data planes as a whole: it may go into namespaces that are there already, and holds cluster-scoped objects.</summary>
    public bool IsVendors => Installation is not null && Tenant.Length == 0;

    /// <summary>Which making of the namespace; null where nobody said.</summary>
    public Incarnation? Incarnation { get; init; }

    /// <summary>Uid of the control plane that it is of; empty where that is not said.</summary>
    public string ControlPlane { get; init; } = "";

    public bool IsSameOwner(MappedNamespace other) => this == other with { Incarnation = Incarnation, ControlPlane = ControlPlane };

    /// <summary>Whether it is a namespace that was made for this very installation, which may then say more of it.</summary>
    public bool IsNamespaceOf(KubeObject live) => Installation is not null && live.Kind == "Namespace" && Of(live)?.Installation == Installation;

    /// <returns>Null for a namespace that is not, or not readably, one of Orrery's.</returns>
    public static MappedNamespace? Of(KubeObject ns)
    {
        if (ns.Annotations.TryGetValue(OrreryNames.InstallationAnnotation, out string? installation))
        {
            return ns.Labels.GetValueOrDefault(OrreryNames.ManagedByLabel) == OrreryNames.Manager && installation.Split('/') is [{ Length: > 0 }, { Length: > 0 }]
                ? new MappedNamespace(ns.Labels.GetValueOrDefault(OrreryNames.TenantLabel) ?? "", ClusterName.Root, "")
                {
                    Installation = installation,
                    Incarnation = Incarnation.Parse(ns.Annotations.GetValueOrDefault(OrreryNames.IncarnationAnnotation)),
                    ControlPlane = ns.Annotations.GetValueOrDefault(OrreryNames.ControlPlaneAnnotation) ?? "",
                }
                : null;
        }

        string cluster = ns.Annotations.GetValueOrDefault(OrreryNames.ClusterAnnotation) ?? "";
        string[] parts = cluster.Split('/');
        return ns.Labels.GetValueOrDefault(OrreryNames.ManagedByLabel) == OrreryNames.Manager
            && ns.Labels.TryGetValue(OrreryNames.TenantLabel, out string? tenant)
            && ns.Labels.TryGetValue(OrreryNames.NamespaceLabel, out string? name)
            && parts.Length == 2 && parts[0].Length > 0 && parts[1].Length > 0
                ? new MappedNamespace(tenant, ClusterName.Parse(cluster), name)
                {
                    Incarnation = Incarnation.Parse(ns.Annotations.GetValueOrDefault(OrreryNames.IncarnationAnnotation)),
                    ControlPlane = ns.Annotations.GetValueOrDefault(OrreryNames.ControlPlaneAnnotation) ?? "",
                }
                : null;
    }

    /// <summary>Whether anybody's satellite marked it, also where somebody has removed the labels.</summary>
    public static bool IsMarked(KubeObject ns) =>
        ns.Annotations.ContainsKey(OrreryNames.ClusterAnnotation) || ns.Annotations.ContainsKey(OrreryNames.InstallationAnnotation) || ns.Annotations.ContainsKey(OrreryNames.ControlPlaneAnnotation);

    /// <summary>Whose a Work is.</summary>
    /// <returns>Null when the Work does not say.</returns>
    public static MappedNamespace? OfWork(KubeObject work)
    {
        string? tenant = work.Labels.GetValueOrDefault(OrreryNames.TenantLabel);
        return SourceReference.Of(work) switch
        {
            { Cluster.IsRoot: false } source when tenant is not null =>
                new MappedNamespace(tenant, source.Cluster, source.Namespace) { Incarnation = Incarnation.OfWork(work) },
            { Cluster.IsRoot: true, Kind: "Installation" } source => new MappedNamespace(tenant ?? "", ClusterName.Root, "")
            {
                Installation = $"{source.Namespace}/{source.Name}",

                // A namespace for data planes as a whole may serve several, and outlives each.
                Incarnation = tenant is null ? null : Incarnation.OfWork(work),
            },
            _ => null,
        };
    }

    public JsonObject ToJson(string name) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Namespace",
        ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = Labels(), ["annotations"] = Annotations() },
    };

    public JsonObject Labels()
    {
        var labels = new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager };
        if (Tenant.Length > 0)
        {
            labels[OrreryNames.TenantLabel] = Tenant;
        }

        if (Installation is null)
        {
            labels[OrreryNames.VirtualClusterLabel] = Cluster.Name;
            labels[OrreryNames.ClusterNamespaceLabel] = Cluster.Namespace;
            labels[OrreryNames.NamespaceLabel] = Namespace;
        }
        else
        {
            labels[OrreryNames.InstallationLabel] = Installation[(Installation.IndexOf('/', StringComparison.Ordinal) + 1)..];
        }

        return labels;
    }

    public JsonObject Annotations()
    {
        JsonObject annotations = Installation is null
            ? new JsonObject { [OrreryNames.ClusterAnnotation] = Cluster.ToString() }
            : new JsonObject { [OrreryNames.InstallationAnnotation] = Installation };
        if (Incarnation is { } incarnation)
        {
            annotations[OrreryNames.IncarnationAnnotation] = incarnation.ToString();
        }

        if (ControlPlane.Length > 0)
        {
            annotations[OrreryNames.ControlPlaneAnnotation] = ControlPlane;
        }

        return annotations;
    }

    public override string ToString() => Installation is not null ? $"installation {Installation}" : $"namespace {Namespace} of virtual cluster {Cluster} of tenant {Tenant}";
}
