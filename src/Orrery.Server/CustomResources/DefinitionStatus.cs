using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.CustomResources;

/// <summary>Conditions of a CustomResourceDefinition.</summary>
internal static class DefinitionStatus
{
    public static bool IsTrue(JsonObject definition, string type) =>
        (definition.NodeAt("status", "conditions") as JsonArray ?? []).OfType<JsonObject>().Any(c => c.TextAt("type") == type && c.TextAt("status") == "True");

    /// <summary>The transition time stays while the status does.</summary>
    /// <param name="now">RFC 3339, to the second.</param>
    public static void Set(JsonObject status, string type, string value, string? reason, string? message, string now)
    {
        if (status["conditions"] is not JsonArray conditions)
        {
            status["conditions"] = conditions = [];
        }

        JsonObject? condition = conditions.OfType<JsonObject>().FirstOrDefault(c => c.TextAt("type") == type);
        if (condition is null)
        {
            condition = new JsonObject { ["type"] = type };
            conditions.Add((JsonNode)condition);
        }

        if (condition.TextAt("status") != value)
        {
            condition["status"] = value;
            condition["lastTransitionTime"] = now;
        }

        Put(condition, "reason", reason);
        Put(condition, "message", message);
    }

    private static void Put(JsonObject condition, string member, string? text)
    {
        if (text is null)
        {
            condition.Remove(member);
        }
        else
        {
            condition[member] = text;
        }
    }
}
