using System.Globalization;
using System.Text.Json.Nodes;

namespace Orrery.Api.Kinds;

/// <summary>The TenantUsage of a tenant and a day (UTC): the controllers write samples into it, each server how many requests it took.</summary>
public static class UsageDay
{
    public static string NameOf(string tenant, DateTimeOffset day) => $"{tenant}.{Date(day)}";

    public static string Date(DateTimeOffset day) => day.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>The object as it begins: nothing is known of any hour.</summary>
    public static JsonObject New(string tenant, DateTimeOffset day) => new()
    {
        ["apiVersion"] = OrreryResources.ApiVersion,
        ["kind"] = "TenantUsage",
        ["metadata"] = new JsonObject
        {
            ["name"] = NameOf(tenant, day),
            ["labels"] = new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager, [OrreryNames.TenantLabel] = tenant },
        },
        ["spec"] = new JsonObject { ["tenant"] = tenant, ["date"] = Date(day) },
    };
}
