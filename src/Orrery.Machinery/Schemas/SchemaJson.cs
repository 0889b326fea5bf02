using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Schemas;

/// <summary>Reads members of an author's schema; a member of another type reads as absent.</summary>
internal static class SchemaJson
{
    extension(JsonObject json)
    {
        public string? Text(string name) => json[name] is JsonValue v && v.GetValueKind() == JsonValueKind.String ? v.GetValue<string>() : null;

        public bool Flag(string name) => json[name]?.GetValueKind() == JsonValueKind.True;

        public double? Number(string name) => json[name] is JsonValue v && v.GetValueKind() == JsonValueKind.Number ? v.AsDouble() : null;
    }

    extension(JsonNode node)
    {
        /// <summary>The number's value, whatever .NET type carries it.</summary>
        public double AsDouble() => double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture);
    }
}
