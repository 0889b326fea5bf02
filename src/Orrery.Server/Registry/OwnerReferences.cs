using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Registry;

/// <summary>An owner that an object names twice in the same words counts once (apiserver <c>pkg/endpoints/handlers/rest.go</c>).</summary>
internal static class OwnerReferences
{
    /// <summary>Takes what is repeated out of the object, and tells the client of it.</summary>
    /// <param name="isAfterMutation">Admission has had its turn: the repetition may be somebody else's than the client's.</param>
    public static void Deduplicate(WriteScope scope, JsonObject json, bool isAfterMutation)
    {
        if (json.NodeAt("metadata", "ownerReferences") is not JsonArray { Count: > 1 } owners)
        {
            return;
        }

        var seen = new HashSet<(string?, string?, string?, string?, string?, string?)>();
        List<JsonNode> kept = [];
        List<string> repeated = [];
        foreach (JsonObject owner in owners.OfType<JsonObject>())
        {
            string? Said(string member) => owner[member]?.ToJsonString();
            if (seen.Add((Said("apiVersion"), Said("kind"), Said("name"), Said("uid"), Said("controller"), Said("blockOwnerDeletion"))))
            {
                kept.Add(owner);
            }
            else
            {
                repeated.Add(owner.TextAt("uid") ?? "");
            }
        }

        if (repeated.Count == 0)
        {
            return;
        }

        owners.Clear();
        foreach (JsonNode owner in kept)
        {
            owners.Add(owner);
        }

        scope.Notes.Warn(
            $".metadata.ownerReferences contains duplicate entries{(isAfterMutation ? " after mutating admission happens" : "")}; API server dedups owner references in 1.20+, "
            + $"and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {string.Join(", ", repeated)}");
    }
}
