using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Tenants;

/// <summary>What is true of a tenant now. Pure.</summary>
internal static class TenantStatus
{
    /// <summary>Reason of a tenant that is not ready since the API takes not what its members and its class come to.</summary>
    public const string Refused = "Refused";

    /// <param name="refusal">Why it has no namespace; null when it has one.</param>
    /// <param name="refused">What the API says against the rights of its members or the bounds of its class; null when it took them.</param>
    /// <param name="size">Null when the class that it names does not exist.</param>
    /// <param name="tenancies">One a data plane.</param>
    public static JsonObject Build(
        KubeObject json, Tenant tenant, string? refusal, string? refused, bool terminating, int virtualClusters, TenantClass? size, IReadOnlyList<KubeObject> tenancies, DateTimeOffset now)
    {
        JsonObject status = OwnKinds.StatusOf(json);
        status["observedGeneration"] = json.Generation;
        Put(status, "namespace", refusal is null ? tenant.Name : null);
        status["virtualClusters"] = virtualClusters;

        // 1. Whether it can be served at all.
        (string state, string reason, string message) = refusal is not null ? (Conditions.False, "NamespaceTaken", refusal)
            : terminating ? (Conditions.False, "NamespaceTerminating", $"namespace {tenant.Name} is being deleted")
            : size is null ? (Conditions.False, "UnknownClass", $"there is no TenantClass {tenant.Class}")
            : refused is not null ? (Conditions.False, Refused, $"what its members and its class come to is refused, and what was in force stays: {refused}")
            : (Conditions.True, "NamespaceReady", $"namespace {tenant.Name} is the tenant's");
        Conditions.Set(status, OrreryNames.ReadyCondition, state, reason, message, now, json.Generation);

        // 2. Whether its data planes hold it apart, and run it on its machines.
        Sum(status, OrreryNames.IsolatedCondition, "Isolated", "NotUsed", tenancies, json.Generation, now);
        if (tenant.IsolatesMachines)
        {
            Sum(status, OrreryNames.MachinesReadyCondition, "PoolsInForce", "NotUsed", tenancies, json.Generation, now);
        }
        else
        {
            Conditions.Remove(status, OrreryNames.MachinesReadyCondition);
        }

        Conditions.Set(
            status, OrreryNames.SuspendedCondition, tenant.Suspended ? Conditions.True : Conditions.False, tenant.Suspended ? "Suspended" : "InService",
            tenant.Suspended ? "nothing of the tenant runs and its API refuses everybody" : "the tenant is served", now, json.Generation);

        // 3. Each data plane, and all together.
        status["dataPlanes"] = new JsonArray([.. tenancies.OrderBy(t => t.Namespace, StringComparer.Ordinal).Select(t => (JsonNode)Of(t))]);
        bool inForce = refused is null && tenancies.All(t => t.At("spec", "machines") is null || t.TextAt("status", "class") == tenant.Class);
        if (inForce && size is not null)
        {
            Put(status, "classInForce", tenant.Class.Length > 0 ? tenant.Class : null);
        }

        Dictionary<string, Quantity> used = Used(tenancies);
        if (used.Count > 0)
        {
            status["used"] = KindJson.Quantities(used);
        }
        else
        {
            status.Remove("used");
        }

        return status;
    }

    private static Dictionary<string, Quantity> Used(IEnumerable<KubeObject> tenancies)
    {
        var used = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach ((string resource, Quantity amount) in tenancies.SelectMany(t => KindJson.Quantities(t.At("status", "used"))))
        {
            used[resource] = used.TryGetValue(resource, out Quantity sum) ? sum + amount : amount;
        }

        return used;
    }

    private static JsonObject Of(KubeObject tenancy)
    {
        var json = new JsonObject
        {
            ["name"] = TenantTenancies.DataPlaneOf(tenancy),
            ["isolated"] = Said(tenancy, OrreryNames.IsolatedCondition).Status,
            ["namespaces"] = tenancy.NumberAt("status", "namespaces") ?? 0,
        };
        if (tenancy.At("spec", "machines") is not null)
        {
            (string state, _, string message) = Said(tenancy, OrreryNames.MachinesReadyCondition);
            json["machines"] = state;
            if (state != Conditions.True)
            {
                json["message"] = message;
            }
        }

        return json;
    }

    /// <summary>True when every data plane says so, otherwise what the first that does not says.</summary>
    private static void Sum(JsonObject status, string type, string reason, string nowhere, IReadOnlyList<KubeObject> tenancies, long generation, DateTimeOffset now)
    {
        foreach (KubeObject tenancy in tenancies.OrderBy(t => t.Namespace, StringComparer.Ordinal))
        {
            (string state, string why, string message) = Said(tenancy, type);
            if (state != Conditions.True)
            {
                Conditions.Set(status, type, state, why, $"data plane {TenantTenancies.DataPlaneOf(tenancy)}: {message}", now, generation);
                return;
            }
        }

        string names = string.Join(", ", tenancies.Select(TenantTenancies.DataPlaneOf).Order(StringComparer.Ordinal));
        Conditions.Set(
            status, type, Conditions.True, tenancies.Count > 0 ? reason : nowhere, tenancies.Count > 0 ? $"in force in {names}" : "the tenant uses no data plane", now, generation);
    }

    /// <summary>What a data plane said of the Tenancy as it is now; what it said of an earlier one says nothing.</summary>
    private static (string Status, string Reason, string Message) Said(KubeObject tenancy, string type) =>
        Conditions.Find(tenancy, type) is { } found && found.ObservedGeneration == tenancy.Generation
            ? (found.Status, found.Reason, found.Message)
            : (Conditions.Unknown, "NotReported", "its satellite has not acted on it yet");

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
