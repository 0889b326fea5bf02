using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Api;

/// <summary>Reads and writes an object's metadata in a mutable JSON tree. Reading tolerates wrong types: they read as absent.</summary>
public static class ObjectMeta
{
    extension(JsonObject json)
    {
        public string ApiVersion => json.TextAt("apiVersion") ?? "";

        public string Kind => json.TextAt("kind") ?? "";

        public GroupVersionKind GroupVersionKind => GroupVersionKind.From(json.ApiVersion, json.Kind);

        /// <summary>The metadata object; made, and placed in the tree, when missing.</summary>
        public JsonObject Metadata
        {
            get
            {
                if (json["metadata"] is JsonObject metadata)
                {
                    return metadata;
                }

                metadata = [];
                json["metadata"] = metadata;
                return metadata;
            }
        }

        public string Name => json.TextAt("metadata", "name") ?? "";

        public string Namespace => json.TextAt("metadata", "namespace") ?? "";

        public string Uid => json.TextAt("metadata", "uid") ?? "";

        public string ResourceVersion => json.TextAt("metadata", "resourceVersion") ?? "";

        public long Generation => json.NumberAt("metadata", "generation") ?? 0;

        public bool IsDeleting => json.NodeAt("metadata", "deletionTimestamp") is not null;

        /// <summary>The node at a path of member names; null where any step is missing.</summary>
        public JsonNode? NodeAt(params ReadOnlySpan<string> path)
        {
            JsonNode? at = json;
            foreach (string step in path)
            {
                if (at is not JsonObject o || !o.TryGetPropertyValue(step, out at))
                {
                    return null;
                }
            }

            return at;
        }

        public string? TextAt(params ReadOnlySpan<string> path) =>
            json.NodeAt(path) is JsonValue v && v.GetValueKind() == JsonValueKind.String ? v.GetValue<string>() : null;

        public long? NumberAt(params ReadOnlySpan<string> path) =>
            json.NodeAt(path) is JsonValue v && v.GetValueKind() == JsonValueKind.Number && v.TryGetValue(out long n) ? n
            : json.NodeAt(path) is JsonValue w && w.GetValueKind() == JsonValueKind.Number && w.TryGetValue(out int i) ? i : null;

        public bool? FlagAt(params ReadOnlySpan<string> path) =>
            json.NodeAt(path) is JsonValue v && v.GetValueKind() is JsonValueKind.True or JsonValueKind.False ? json.NodeAt(path)!.GetValue<bool>() : null;

        /// <summary>The member as an object; made, and placed in the tree, when missing.</summary>
        public JsonObject ObjectAt(string name)
        {
            if (json[name] is JsonObject found)
            {
                return found;
            }

            var made = new JsonObject();
            json[name] = made;
            return made;
        }
    }
}
