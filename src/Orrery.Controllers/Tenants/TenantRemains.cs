using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Purge;

namespace Orrery.Controllers.Tenants;

/// <summary>What data planes still have of a tenant that is deleted, or was. A satellite that is away has told the last that is known.</summary>
internal sealed class TenantRemains(Informer dataPlanes, Informer tenancies, Informer observations, WorkDirectory works, TenantTenancies inForce)
{
    private const string ByTenant = "remains-tenant";

    /// <summary>Namespaces that a message names of each data plane.</summary>
    private const int MostNamed = 10;

    public static Informer Index(Informer observations) => observations.AddIndex(ByTenant, o => TenantOf(o) is { } tenant ? [tenant] : []);

    /// <summary>Whose a mapped namespace is that an Observation is of; null for any other.</summary>
    public static string? TenantOf(KubeObject observation) => PurgeController.IsMapped(observation) ? observation.Labels.GetValueOrDefault(OrreryNames.TenantLabel) : null;

    /// <summary>Data planes that are not known to be rid of the tenant, sorted by name. What a release had kept is no remains: it is to stay.</summary>
    public IReadOnlyList<Remains> Of(string tenant)
    {
        ILookup<string, string> held = observations.ByIndex(ByTenant, tenant)
            .Where(o => o.TextAt("spec", "object", "metadata", "annotations", OrreryNames.KeptAnnotation) is null)
            .ToLookup(o => DataPlaneOf(o.Namespace), o => o.TextAt("spec", "object", "metadata", "name") ?? o.Name, StringComparer.Ordinal);
        var remains = new List<Remains>();
        foreach (string name in held.Select(h => h.Key).Union(inForce.Of(tenant).Select(TenantTenancies.DataPlaneOf)).Order(StringComparer.Ordinal))
        {
            if (dataPlanes.Get(ClusterName.Root, "", name) is not { } found)
            {
                continue;
            }

            // One that never acted on the Tenancy runs nothing of the tenant: it holds it apart first.
            DataPlane plane = DataPlane.From(found);
            bool hasActed = tenancies.Get(ClusterName.Root, plane.Namespace, tenant)?.At("status") is not null;
            if (held.Contains(name) || works.HasTenant(tenant, name) || (hasActed && !plane.IsReporting))
            {
                remains.Add(new Remains(plane, [.. held[name].Order(StringComparer.Ordinal)]));
            }
        }

        return remains;
    }

    /// <summary>The gravest first: of one that is away somebody must know, the others are about to be done.</summary>
    public static (string Reason, string Message) Describe(IReadOnlyList<string> rootNamespaces, IReadOnlyList<Remains> remains)
    {
        string reason = remains.Any(r => !r.DataPlane.IsReporting) ? "DataPlaneSilent" : remains.Any(r => r.DataPlane.Paused) ? "DataPlanePaused" : "Removing";
        IEnumerable<string> said = remains.OrderBy(r => r.DataPlane.IsReporting).Select(Of);
        if (rootNamespaces.Count > 0)
        {
            said = said.Append($"namespace {string.Join(", ", rootNamespaces)} is being deleted");
        }

        string message = string.Join("; ", said);
        return (reason, reason == "DataPlaneSilent" ? $"{message} (it is cleaned when it is back; annotate the tenant with {OrreryNames.ForceDeleteAnnotation}=true not to wait for that)" : message);
    }

    private static string Of(Remains remains)
    {
        DataPlane plane = remains.DataPlane;
        string has = remains.Namespaces.Count == 0 ? "what it had there"
            : $"namespace {string.Join(", ", remains.Namespaces.Take(MostNamed))}{(remains.Namespaces.Count > MostNamed ? $" and {remains.Namespaces.Count - MostNamed} more" : "")}";
        return !plane.IsReporting ? $"data plane {plane.Name} is not heard and may still have {has}: {plane.ReadyMessage}"
            : plane.Paused ? $"data plane {plane.Name} is paused and has {has}"
            : $"data plane {plane.Name} removes {has}";
    }

    private static string DataPlaneOf(string ns) =>
        ns.StartsWith(OrreryNames.DataPlaneNamespacePrefix, StringComparison.Ordinal) ? ns[OrreryNames.DataPlaneNamespacePrefix.Length..] : "";
}

/// <summary>What a data plane has of a tenant, as it last said.</summary>
internal sealed record Remains(DataPlane DataPlane, IReadOnlyList<string> Namespaces);
