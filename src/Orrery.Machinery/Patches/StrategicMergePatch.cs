using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Patches;

/// <summary>Strategic merge patch: lists are merged by the keys that the schema names (apimachinery <c>pkg/util/strategicpatch</c>).</summary>
public static partial class StrategicMergePatch
{
    /// <summary>
    /// Merges <paramref name="patch"/> into <paramref name="live"/> in place and returns the result, which is another
    /// object when the patch replaces everything. <paramref name="live"/> must not be used again when this throws.
    /// </summary>
    /// <exception cref="StatusException">400, 422 or 500 as upstream answers for the fault.</exception>
    public static JsonObject Apply(JsonObject live, JsonObject patch, Schema schema) => MergeObject(live, patch, schema);

    /// <summary>
    /// The outcome is turned into Go's types member by member and not by the JSON decoder, whose words these are
    /// (apimachinery <c>pkg/runtime/converter.go</c>).
    /// </summary>
    /// <param name="decoding">The decoder's text for a value of a wrong type; any other text stays as it is.</param>
    public static string ConversionFault(string decoding)
    {
        Match fault = Mismatch().Match(decoding);
        if (!fault.Success)
        {
            return decoding.StartsWith("illegal base64 data", StringComparison.Ordinal) ? "error decoding from json: " + decoding : decoding;
        }

        string value = fault.Groups["value"].Value switch { "object" => "map", "array" => "slice", "number" => "int64", var other => other };
        string type = fault.Groups["type"].Value;
        return type.StartsWith("map[", StringComparison.Ordinal) ? $"cannot restore map from {value}"
            : type.StartsWith("[]", StringComparison.Ordinal) ? $"cannot restore slice from {value}"
            : type.Contains('.', StringComparison.Ordinal) ? $"cannot restore struct from: {value}"
            : $"unrecognized type: {type}";
    }

    [GeneratedRegex(@"^json: cannot unmarshal (?<value>object|array|string|number|bool)( \S+)? into Go struct field \S+ of type (?<type>\S+)$")]
    private static partial Regex Mismatch();

    internal static JsonObject MergeObject(JsonObject live, JsonObject patch, Schema? schema)
    {
        // 1. Directives that stand for the whole object.
        if (patch.TryGetPropertyValue(PatchDirectives.Marker, out JsonNode? directive))
        {
            return PatchDirectives.Text(directive) switch
            {
                PatchDirectives.Replace => Without(patch, PatchDirectives.Marker),
                PatchDirectives.Delete => [],
                _ => throw PatchDirectives.UnknownType(directive, patch),
            };
        }

        // 2. $retainKeys clears what it does not name.
        PatchDirectives.RetainKeys(live, patch);

        // 3. $setElementOrder, together with the list it orders.
        HashSet<string>? ordered = null;
        foreach ((string name, JsonNode? order) in patch)
        {
            if (name.StartsWith(PatchDirectives.SetElementOrder, StringComparison.Ordinal))
            {
                string field = PatchDirectives.FieldOf(name, PatchDirectives.SetElementOrder);
                ListMerge.SetOrder(live, patch, field, order, ListStrategy.Of(Field(schema, field)));
                (ordered ??= new HashSet<string>(StringComparer.Ordinal)).Add(field);
            }
        }

        // 4. Everything else, member by member.
        foreach ((string name, JsonNode? value) in patch)
        {
            if (name == PatchDirectives.Retain || name.StartsWith(PatchDirectives.SetElementOrder, StringComparison.Ordinal) || ordered?.Contains(name) == true)
            {
                continue;
            }

            bool isDeletion = name.StartsWith(PatchDirectives.DeleteFromPrimitiveList, StringComparison.Ordinal);
            MergeMember(live, isDeletion ? PatchDirectives.FieldOf(name, PatchDirectives.DeleteFromPrimitiveList) : name, value, schema, isDeletion);
        }

        return live;
    }

    private static void MergeMember(JsonObject live, string name, JsonNode? value, Schema? schema, bool isDeletion)
    {
        if (value is null)
        {
            live.Remove(name);
            return;
        }

        bool found = live.TryGetPropertyValue(name, out JsonNode? existing);
        if (!found || existing is null || !IsSameKind(existing, value))
        {
            if (!isDeletion)
            {
                Set(live, name, value);
            }

            return;
        }

        Schema? field = Field(schema, name);
        JsonNode? merged = (existing, value) switch
        {
            (JsonObject o, JsonObject p) => field?.PatchStrategies.Contains("replace") == true ? p.DeepClone() : MergeObject(o, p, field),
            (JsonArray a, JsonArray p) => ListMerge.Merge(a, p, ListStrategy.Of(field), isDeletion),
            _ => value.DeepClone(),
        };
        if (!ReferenceEquals(merged, existing))
        {
            live[name] = merged;
        }
    }

    private static void Set(JsonObject live, string name, JsonNode value)
    {
        if (PatchDirectives.Strip(value) is { } stripped)
        {
            live[name] = stripped;
        }
        else
        {
            live.Remove(name);
        }
    }

    private static Schema? Field(Schema? schema, string name) =>
        schema is null ? null : schema.Properties.TryGetValue(name, out Schema? field) ? field : schema.AdditionalProperties;

    private static bool IsSameKind(JsonNode a, JsonNode b)
    {
        JsonValueKind x = a.GetValueKind(), y = b.GetValueKind();
        return x == y || (x is JsonValueKind.True or JsonValueKind.False && y is JsonValueKind.True or JsonValueKind.False);
    }

    private static JsonObject Without(JsonObject patch, string name)
    {
        var copy = (JsonObject)patch.DeepClone();
        copy.Remove(name);
        return copy;
    }
}
