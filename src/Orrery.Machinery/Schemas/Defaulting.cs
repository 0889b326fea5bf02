using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>
/// Writes schema defaults (apiextensions <c>pkg/apiserver/schema/defaulting</c>): where a member is absent, or null
/// although it may not be. A null that may not be and has no default goes. Built-in types: only the defaults that are more than Go's zero
/// value, for those the OpenAPI facts carry too but upstream never writes.
/// </summary>
public static class Defaulting
{
    /// <param name="keepsNulls">A null that may not be and has no default stays, to be judged: upstream drops it where it reads an object, and does not read what was applied.</param>
    public static void Apply(JsonObject json, Schema schema, bool keepsNulls = false)
    {
        bool builtin = schema.Source is null && schema.Name is not null;
        Walk(json, schema, builtin, keepsNulls, new Growth());
    }

    /// <summary>Defaults within a value that is itself a default.</summary>
    internal static void Within(JsonNode? node, Schema schema) => Walk(node, schema, builtin: false, keepsNulls: false, new Growth());

    private static void Walk(JsonNode? node, Schema schema, bool builtin, bool keepsNulls, Growth growth)
    {
        switch (node)
        {
            case JsonObject json:
                Members(json, schema, builtin, keepsNulls, growth);
                break;
            case JsonArray array when schema.Items is { } items:
                for (int i = 0; i < array.Count; i++)
                {
                    if (array[i] is null && !items.Nullable && DefaultOf(items, builtin) is { } value)
                    {
                        array[i] = growth.Copy(value);
                    }

                    Walk(array[i], items, builtin, keepsNulls, growth);
                }

                break;
        }
    }

    private static void Members(JsonObject json, Schema schema, bool builtin, bool keepsNulls, Growth growth)
    {
        foreach ((string name, Schema member) in schema.Properties)
        {
            bool present = json.TryGetPropertyValue(name, out JsonNode? value);
            if (value is null && !(present && member.Nullable))
            {
                if (DefaultOf(member, builtin) is { } @default)
                {
                    json[name] = growth.Copy(@default);
                }
                else if (present && !keepsNulls)
                {
                    json.Remove(name);
                }
            }

            if (json[name] is { } now)
            {
                Walk(now, member, builtin, keepsNulls, growth);
            }
        }

        if (schema.AdditionalProperties is not { } values)
        {
            return;
        }

        foreach (string name in json.Select(m => m.Key).Where(k => !schema.Properties.ContainsKey(k)).ToArray())
        {
            if (json[name] is null && !values.Nullable && !values.PreserveUnknownFields)
            {
                if (DefaultOf(values, builtin) is { } @default)
                {
                    json[name] = growth.Copy(@default);
                }
                else if (!builtin && !keepsNulls)
                {
                    json.Remove(name);
                    continue;
                }
            }

            Walk(json[name], values, builtin, keepsNulls, growth);
        }
    }

    private static JsonNode? DefaultOf(Schema schema, bool builtin) => builtin && schema.Default is { } value && IsZero(value) ? null : schema.Default;

    private static bool IsZero(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.String => value.GetValue<string>().Length == 0,
        JsonValueKind.Number => value.ToJsonString() == "0",
        JsonValueKind.False => true,
        JsonValueKind.Object => value.AsObject().Count == 0,
        _ => false,
    };

    /// <summary>What defaults add to one object: a list of many items that are empty may ask for one each, however large it is.</summary>
    private sealed class Growth
    {
        /// <summary>Bytes; more than any object may have.</summary>
        private const long Most = 8 << 20;

        private const int Scalar = 16;

        private static readonly ConditionalWeakTable<JsonNode, object> Sizes = [];

        private long added;

        /// <exception cref="StatusException">413: defaults add too much.</exception>
        public JsonNode Copy(JsonNode value)
        {
            added += value is JsonValue ? Scalar : (int)Sizes.GetValue(value, static node => KubeJson.ToUtf8(node).Length);
            return added <= Most ? value.DeepClone() : throw ApiErrors.RequestEntityTooLarge($"Request entity too large: defaults add more than {Most} bytes");
        }
    }
}
