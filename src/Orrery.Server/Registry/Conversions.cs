using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Registry;

/// <summary>Built-in kinds that are served in another version than they are kept in.</summary>
internal static class Conversions
{
    public static IVersionConversion? Find(GroupVersionKind kind) => kind switch
    {
        { Group: "events.k8s.io", Kind: "Event" } => new EventConversion(),
        { Group: "autoscaling", Version: "v1", Kind: "HorizontalPodAutoscaler" } => new AutoscalerConversion(),
        _ => null,
    };

    /// <summary>events.k8s.io/v1 over core/v1: other names for the same fields (api/events/v1 conversion).</summary>
    private sealed class EventConversion : IVersionConversion
    {
        private static readonly (string Stored, string Served)[] Names =
        [
            ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"), ("firstTimestamp", "deprecatedFirstTimestamp"),
            ("lastTimestamp", "deprecatedLastTimestamp"), ("count", "deprecatedCount"), ("reportingComponent", "reportingController"),
        ];

        public void FromStored(JsonObject json)
        {
            json["apiVersion"] = "events.k8s.io/v1";
            foreach ((string stored, string served) in Names)
            {
                Rename(json, stored, served);
            }
        }

        public void ToStored(JsonObject json)
        {
            json["apiVersion"] = "v1";
            foreach ((string stored, string served) in Names)
            {
                Rename(json, served, stored);
            }

            json["involvedObject"] ??= new JsonObject();
        }
    }

    private static void Rename(JsonObject json, string from, string to)
    {
        if (json.Remove(from, out JsonNode? value))
        {
            json[to] = value;
        }
    }
}
