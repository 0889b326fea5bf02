using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Fleet;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.VirtualClusters;

/// <summary>What is true of a virtual cluster now. Pure.</summary>
internal static class VirtualClusterStatus
{
    /// <param name="tenant">Null when its namespace is no tenant's.</param>
    /// <param name="logical">Null while the server does not serve it.</param>
    public static JsonObject Build(
        KubeObject cluster,
        ClusterName name,
        Tenant? tenant,
        KubeObject? logical,
        FleetSnapshot fleet,
        IReadOnlyList<KubeObject> works,
        string endpoint,
        DateTimeOffset now)
    {
        JsonObject status = OwnKinds.StatusOf(cluster);
        status["observedGeneration"] = cluster.Generation;
        bool served = logical is { IsDeleting: false } && tenant is not null;
        Put(status, "tenant", tenant?.Name);
        Put(status, "endpoint", served ? endpoint : null);
        SetReady(status, cluster, name, tenant, logical, now);

        Resolution resolution = tenant is null
            ? Resolution.Nowhere
            : PlacementResolver.Resolve(Api.Kinds.Placement.Of(cluster), tenant, fleet, []);
        SetPlaced(status, cluster, resolution, now);
        status["placedOn"] = OwnKinds.List(resolution.DataPlanes.Select(d => d.Name));
        Summarise(status, resolution, fleet, works);
        return status;
    }

    private static void SetReady(JsonObject status, KubeObject cluster, ClusterName name, Tenant? tenant, KubeObject? logical, DateTimeOffset now)
    {
        (string state, string reason, string message) = tenant is null
            ? (Conditions.False, "NoTenant", $"namespace {name.Namespace} does not carry the label {OrreryNames.TenantLabel}")
            : logical is null
                ? (Conditions.False, "NotServed", "the server does not serve it yet")
                : logical.IsDeleting
                    ? (Conditions.False, "Purging", "a cluster of the same name is being purged")
                    : (Conditions.True, "Served", $"serves the tenant {tenant.Name}");
        Conditions.Set(status, OrreryNames.ReadyCondition, state, reason, message, now, cluster.Generation);
    }

    private static void SetPlaced(JsonObject status, KubeObject cluster, Resolution resolution, DateTimeOffset now)
    {
        string names = string.Join(", ", resolution.DataPlanes.Select(d => d.Name));
        (string state, string reason, string message) = resolution.Unknown.Count > 0
            ? (Conditions.False, "UnknownName", $"there is no {string.Join(", no ", resolution.Unknown)}")
            : Api.Kinds.Placement.Of(cluster).IsEmpty
                ? (Conditions.False, "NoPlacement", "nothing runs anywhere: spec.placement names no data plane, virtual site or selector")
                : resolution.DataPlanes.Count == 0
                    ? (Conditions.False, "NothingSelected", "no data plane that admits the tenant is selected")
                    : (Conditions.True, "Placed", $"runs on {names}");
        Conditions.Set(status, OrreryNames.PlacedCondition, state, reason, message, now, cluster.Generation);
    }

    /// <summary>Data planes that are wanted, and those that still hold a Work of it.</summary>
    private static void Summarise(JsonObject status, Resolution resolution, FleetSnapshot fleet, IReadOnlyList<KubeObject> works)
    {
        ILookup<string, KubeObject> byPlane = works.ToLookup(WorkDirectory.DataPlaneOf, StringComparer.Ordinal);
        var planes = new JsonArray();
        foreach (string plane in resolution.DataPlanes.Select(d => d.Name).Union(byPlane.Select(p => p.Key)).Order(StringComparer.Ordinal))
        {
            planes.Add((JsonNode)new JsonObject
            {
                ["name"] = plane,
                ["ready"] = fleet.DataPlane(plane)?.Ready ?? Conditions.Unknown,
                ["works"] = byPlane[plane].Count(),
                ["applied"] = byPlane[plane].Count(w => Conditions.IsTrue(w, OrreryNames.AppliedCondition)),
                ["available"] = byPlane[plane].Count(w => Conditions.IsTrue(w, OrreryNames.AvailableCondition)),
            });
        }

        status["dataPlanes"] = planes;
        status["objects"] = works.Select(w => SourceReference.Of(w)?.Identity).Distinct().Count();
    }

    private static void Put(JsonObject status, string name, string? value)
    {
        if (value is null)
        {
            status.Remove(name);
        }
        else
        {
            status[name] = value;
        }
    }
}
