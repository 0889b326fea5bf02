using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Observing;

/// <summary>What marks a mapped namespace is to get: whose it is, and those that its tenant gave it, as they are carried. Pure.</summary>
internal static class NamespaceLabels
{
    /// <param name="observation">Says what is carried; what says nothing leaves what there is.</param>
    /// <param name="controlPlane">Uid of the one that it is of; empty where that is not known.</param>
    /// <returns>A merge patch; null when all is as wanted.</returns>
    public static JsonObject? Patch(KubeObject live, MappedNamespace owner, KubeObject observation, string controlPlane)
    {
        var labels = new JsonObject();
        foreach ((string key, JsonNode? value) in owner.Labels())
        {
            Put(labels, live, key, (string)value!);
        }

        if (Carried(observation) is { } carried)
        {
            foreach ((string key, string value) in carried)
            {
                Put(labels, live, key, value);
            }

            foreach (string gone in live.Labels.Keys.Where(k => CarriedLabels.IsCarried(k) && !carried.ContainsKey(k)))
            {
                labels[gone] = null;
            }
        }

        var metadata = new JsonObject { ["uid"] = live.Uid };
        if (labels.Count > 0)
        {
            metadata["labels"] = labels;
        }

        if (controlPlane.Length > 0 && owner.ControlPlane != controlPlane)
        {
            metadata["annotations"] = new JsonObject { [OrreryNames.ControlPlaneAnnotation] = controlPlane };
        }

        return metadata.Count == 1 ? null : new JsonObject { ["metadata"] = metadata };
    }

    /// <summary>Nothing but carried labels is taken from the control plane: the others are the cluster's own business.</summary>
    private static Dictionary<string, string>? Carried(KubeObject observation)
    {
        if (!observation.Annotations.TryGetValue(OrreryNames.NamespaceLabelsAnnotation, out string? text))
        {
            return null;
        }

        try
        {
            return (JsonNode.Parse(text) as JsonObject ?? []).Where(l => CarriedLabels.IsCarried(l.Key) && l.Value is JsonValue value && value.GetValueKind() == JsonValueKind.String)
                .ToDictionary(l => l.Key, l => (string)l.Value!, StringComparer.Ordinal);
        }
        catch (JsonException)
        {
            // Not written by our control plane: it says nothing.
            return null;
        }
    }

    private static void Put(JsonObject labels, KubeObject live, string key, string value)
    {
        if (live.Labels.GetValueOrDefault(key) != value)
        {
            labels[key] = value;
        }
    }
}
