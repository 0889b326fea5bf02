using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.DataPlanes;

/// <summary>
/// One object of what a satellite may do: a role, or the binding of one. Nearly always it is there already, as a look at ten thousand data planes after each start finds: what is compared is
/// all that is made, and the object itself only to be written.
/// </summary>
/// <param name="Namespace">Empty for one of the cluster.</param>
internal sealed record SatelliteGrant(GroupVersionResource Resource, string Kind, string Namespace, string Name)
{
    /// <summary>Null for a binding.</summary>
    public JsonArray? Rules { get; init; }

    /// <summary>Null for a role, as are its subjects.</summary>
    public JsonObject? RoleRef { get; init; }

    public JsonArray? Subjects { get; init; }

    /// <summary>Whether an existing object grants exactly this.</summary>
    public bool IsSame(KubeObject existing) =>
        JsonComparison.IsSame(existing.At("rules"), Rules) && JsonComparison.IsSame(existing.At("roleRef"), RoleRef) && JsonComparison.IsSame(existing.At("subjects"), Subjects);

    /// <summary>The object as it is written, with nothing in it that others have.</summary>
    public JsonObject ToJson(KubeObject dataPlane)
    {
        var metadata = new JsonObject
        {
            ["name"] = Name,
            ["labels"] = new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager, [OrreryNames.DataPlaneLabel] = dataPlane.Name },
            ["ownerReferences"] = new JsonArray(OwnKinds.OwnedBy(dataPlane)),
        };
        if (Namespace.Length > 0)
        {
            metadata["namespace"] = Namespace;
        }

        var json = new JsonObject { ["apiVersion"] = "rbac.authorization.k8s.io/v1", ["kind"] = Kind, ["metadata"] = metadata };
        foreach ((string part, JsonNode? value) in (ReadOnlySpan<(string, JsonNode?)>)[("rules", Rules), ("roleRef", RoleRef), ("subjects", Subjects)])
        {
            if (value is not null)
            {
                json[part] = value.DeepClone();
            }
        }

        return json;
    }
}
