using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Controllers.Revisions;

/// <summary>Kinds that have revisions, and who owns what among them.</summary>
internal static class RevisionKinds
{
    public const string ByOwner = "owner";

    public static readonly GroupKind Deployment = new("apps", "Deployment");
    public static readonly GroupKind ReplicaSet = new("apps", "ReplicaSet");
    public static readonly GroupKind StatefulSet = new("apps", "StatefulSet");
    public static readonly GroupKind DaemonSet = new("apps", "DaemonSet");

    /// <summary>Uid of the controller, for an index.</summary>
    public static IEnumerable<string> OwnersOf(KubeObject found) =>
        Controller(found) is { } owner && owner.TryGetProperty("uid", out JsonElement uid) ? [uid.GetString() ?? ""] : [];

    /// <summary>Name of the controller when it is of that kind.</summary>
    public static string? OwnerName(KubeObject found, string kind) =>
        Controller(found) is { } owner && owner.GetProperty("kind").ValueEquals(kind) ? owner.GetProperty("name").GetString() : null;

    public static JsonObject OwnedBy(KubeObject owner, GroupKind kind)
    {
        JsonObject reference = OwnKinds.OwnedBy(owner);
        reference["apiVersion"] = kind.Group + "/v1";
        reference["kind"] = kind.Kind;
        reference["blockOwnerDeletion"] = true;
        return reference;
    }

    private static JsonElement? Controller(KubeObject found)
    {
        if (found.At("metadata", "ownerReferences") is { ValueKind: JsonValueKind.Array } owners)
        {
            foreach (JsonElement owner in owners.EnumerateArray())
            {
                if (owner.TryGetProperty("controller", out JsonElement controls) && controls.ValueKind == JsonValueKind.True)
                {
                    return owner;
                }
            }
        }

        return null;
    }
}
