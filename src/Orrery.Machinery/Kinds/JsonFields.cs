using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Short reads and defaults on a mutable tree. A member that is JSON null counts as absent, as Go's decoder has it.</summary>
public static class JsonFields
{
    extension(JsonObject json)
    {
        /// <summary>Sets the member where it is absent.</summary>
        public void Fill(string name, JsonNode value)
        {
            if (json[name] is null)
            {
                json[name] = value;
            }
        }

        /// <summary>Sets the member where it is absent or the empty string: Go cannot tell the two apart for a plain string.</summary>
        public void FillText(string name, string value)
        {
            if (json[name] is null || json.Text(name).Length == 0)
            {
                json[name] = value;
            }
        }

        public bool Has(string name) => json[name] is not null;

        public JsonObject? Child(string name) => json[name] as JsonObject;

        public JsonArray? List(string name) => json[name] as JsonArray;

        /// <summary>The objects of a list; empty where it is missing.</summary>
        public IEnumerable<JsonObject> Items(string name) => json[name] is JsonArray list ? list.OfType<JsonObject>() : [];

        /// <summary>The strings of a list; empty where it is missing.</summary>
        public IEnumerable<string> Texts(string name) => json[name] is JsonArray list ? list.Select(v => v.AsText()) : [];

        /// <summary>The string, or empty.</summary>
        public string Text(string name) => json[name].AsText();

        public long? Number(string name) => json.NumberAt(name);

        public bool Flag(string name) => json.FlagAt(name) ?? false;

        /// <summary>Number of entries of a list or map; zero where it is missing.</summary>
        public int Count(string name) => json[name] switch { JsonArray list => list.Count, JsonObject map => map.Count, _ => 0 };

        /// <summary>A map of strings, to go through: <see cref="TextMap"/> is to look things up in.</summary>
        public IEnumerable<KeyValuePair<string, string>> TextPairs(string name) =>
            json[name] is JsonObject { Count: > 0 } map ? map.Select(static m => KeyValuePair.Create(m.Key, m.Value.AsText())) : [];

        /// <summary>A map of strings.</summary>
        public IReadOnlyDictionary<string, string> TextMap(string name) =>
            json[name] is JsonObject map ? map.ToDictionary(m => m.Key, m => m.Value.AsText(), StringComparer.Ordinal) : FrozenDictionary<string, string>.Empty;

        /// <summary>Puts a copy of the other object's member in place of this one's; absent there is absent here.</summary>
        public void CopyFrom(JsonObject other, string name)
        {
            if (other[name] is { } value)
            {
                json[name] = value.DeepClone();
            }
            else
            {
                json.Remove(name);
            }
        }
    }

    extension(JsonNode? node)
    {
        public string AsText() => node is JsonValue v && v.GetValueKind() == JsonValueKind.String ? v.GetValue<string>() : "";

        public bool IsText => node is JsonValue v && v.GetValueKind() == JsonValueKind.String;

        public bool IsNumber => node is JsonValue v && v.GetValueKind() == JsonValueKind.Number;
    }

    /// <summary>Equal as values; absent, null, empty lists and empty maps are one, as upstream's semantic comparison has it.</summary>
    public static bool Same(JsonNode? left, JsonNode? right) => (IsEmpty(left) && IsEmpty(right)) || (left, right) switch
    {
        (JsonObject a, JsonObject b) => a.All(m => Same(m.Value, b[m.Key])) && b.All(m => a.ContainsKey(m.Key) || IsEmpty(m.Value)),
        (JsonArray a, JsonArray b) => a.Count == b.Count && a.Zip(b).All(p => Same(p.First, p.Second)),
        _ => JsonNode.DeepEquals(left, right),
    };

    private static bool IsEmpty(JsonNode? node) => node is null or JsonArray { Count: 0 } or JsonObject { Count: 0 };
}
