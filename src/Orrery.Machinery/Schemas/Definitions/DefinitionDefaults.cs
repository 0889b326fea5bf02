using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>What a CustomResourceDefinition says without saying it (apiextensions <c>v1/defaults.go</c>, <c>registry/customresourcedefinition</c>).</summary>
public static class DefinitionDefaults
{
    public static void Apply(JsonObject definition)
    {
        JsonObject spec = definition.ObjectAt("spec");
        JsonObject names = spec.ObjectAt("names");
        string kind = names.Text("kind") ?? "";
        if (string.IsNullOrEmpty(names.Text("singular")) && kind.Length > 0)
        {
            names["singular"] = kind.ToLowerInvariant();
        }

        if (string.IsNullOrEmpty(names.Text("listKind")) && kind.Length > 0)
        {
            names["listKind"] = kind + "List";
        }

        JsonObject conversion = spec.ObjectAt("conversion");
        if (string.IsNullOrEmpty(conversion.Text("strategy")))
        {
            conversion["strategy"] = "None";
        }
    }

    /// <summary>The status of a definition that is just created: its storage version is the only one stored.</summary>
    public static JsonObject InitialStatus(JsonObject definition)
    {
        string? stored = DefinitionValidation.Versions(definition).FirstOrDefault(v => v["storage"]?.GetValueKind() == JsonValueKind.True)?.Text("name");
        return new JsonObject
        {
            ["conditions"] = null,
            ["acceptedNames"] = new JsonObject { ["plural"] = "", ["kind"] = "" },
            ["storedVersions"] = stored is null ? null : new JsonArray(stored),
        };
    }

    /// <summary>On update: a version that is now stored is added to <c>status.storedVersions</c>.</summary>
    public static void AddStoredVersion(JsonObject definition)
    {
        JsonObject status = definition.ObjectAt("status");
        if (InitialStatus(definition)["storedVersions"] is not JsonArray now)
        {
            return;
        }

        if (status["storedVersions"] is not JsonArray stored)
        {
            stored = [];
            status["storedVersions"] = stored;
        }

        string version = now[0]!.GetValue<string>();
        if (!stored.Any(s => s?.ToString() == version))
        {
            stored.Add(version);
        }
    }
}
