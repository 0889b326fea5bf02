using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Api.Kinds;

/// <summary>One who belongs to a tenant.</summary>
/// <param name="Kind"><c>User</c>, <c>Group</c> or <c>ServiceAccount</c>.</param>
/// <param name="Namespace">Of a ServiceAccount; empty where the tenant does not say.</param>
/// <param name="Role">One of <see cref="TenantRoles"/>.</param>
public sealed record TenantMember(string Kind, string Name, string Namespace, string Role)
{
    /// <summary>As the subject of a binding.</summary>
    /// <param name="usualNamespace">Of a ServiceAccount that names none.</param>
    public JsonObject ToSubject(string usualNamespace) => Kind == "ServiceAccount"
        ? new JsonObject { ["kind"] = Kind, ["name"] = Name, ["namespace"] = Namespace.Length > 0 ? Namespace : usualNamespace }
        : new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = Kind, ["name"] = Name };

    internal static TenantMember From(JsonElement json) => new(
        KindJson.Text(json, "kind"), KindJson.Text(json, "name"), KindJson.Text(json, "namespace"), KindJson.Text(json, "role"));
}

/// <summary>What a member of a tenant may do.</summary>
public static class TenantRoles
{
    public const string Admin = "admin";
    public const string Developer = "developer";
    public const string Viewer = "viewer";

    public static readonly IReadOnlyList<string> All = [Admin, Developer, Viewer];
}
