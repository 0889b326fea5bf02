using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas.Definitions;

namespace Orrery.Machinery.Schemas;

/// <summary>Objects within a custom resource say what they are, and their metadata is typed and right (apiextensions <c>pkg/apiserver/schema/objectmeta</c>).</summary>
internal static class EmbeddedObjects
{
    private static readonly ConditionalWeakTable<Schema, object> Known = [];

    /// <summary>Brings the metadata of all embedded objects into its typed form, in place.</summary>
    /// <param name="isStrict">Refuse what cannot be read; otherwise it stays as it is, for <see cref="Validate(JsonObject, string, Func{JsonObject, IReadOnlyList{FieldError}}?)"/> to find.</param>
    /// <returns>Paths of members of metadata that are unknown and were dropped.</returns>
    /// <exception cref="FormatException">The message names the field and what is wrong with it.</exception>
    public static IReadOnlyList<string> Decode(JsonObject json, Schema schema, bool isStrict)
    {
        if (!HasAny(schema))
        {
            return [];
        }

        var unknown = new List<string>();
        foreach ((JsonObject found, string path) in Find(json, schema, ""))
        {
            if (Fault(found, path) is { } fault)
            {
                if (isStrict)
                {
                    throw new FormatException(fault.ToString());
                }

                continue;
            }

            if (found["metadata"] is JsonObject metadata)
            {
                unknown.AddRange(metadata.Where(m => !TypedDecoding.ObjectMetaSchema.Properties.ContainsKey(m.Key)).Select(m => $"{Child(path, "metadata")}.{m.Key}"));
                found["metadata"] = TypedDecoding.Metadata(metadata.DeepClone());
            }
        }

        unknown.Sort(StringComparer.Ordinal);
        return unknown;
    }

    /// <summary>What is of a wrong type in the first object where anything is; null when all can be read.</summary>
    public static FieldError? FirstFault(JsonNode value, Schema schema, string path) => Find(value, schema, path).Select(found => Fault(found.Json, found.Path)).FirstOrDefault(fault => fault is not null);

    /// <summary>All objects that are embedded in a value, the value itself too.</summary>
    /// <param name="path">Where the value stands.</param>
    /// <param name="metadata">The rules for their metadata; null leaves it unchecked.</param>
    public static IEnumerable<FieldError> Validate(JsonNode value, Schema schema, string path, Func<JsonObject, IReadOnlyList<FieldError>>? metadata) =>
        Find(value, schema, path).SelectMany(found => Validate(found.Json, found.Path, metadata));

    /// <param name="path">Where the object stands.</param>
    /// <param name="metadata">The rules for its metadata; null leaves it unchecked.</param>
    public static IEnumerable<FieldError> Validate(JsonObject json, string path, Func<JsonObject, IReadOnlyList<FieldError>>? metadata)
    {
        foreach (string member in (string[])["apiVersion", "kind"])
        {
            if (json[member] is null)
            {
                yield return FieldError.Required(Child(path, member));
            }
            else if (json.Text(member) is "")
            {
                yield return FieldError.Invalid(Child(path, member), "", "must not be empty");
            }
        }

        FieldError? fault = Fault(json, path);
        if (fault is not null)
        {
            yield return fault;
        }

        if (json.Text("apiVersion") is { } version && version.Count(c => c == '/') > 1)
        {
            yield return FieldError.Invalid(Child(path, "apiVersion"), version, $"unexpected GroupVersion string: {version}");
        }

        if (json.Text("kind") is { Length: > 0 } kind && Names.CheckDns1035Label(kind.ToLowerInvariant()) is { Count: > 0 } malformed)
        {
            yield return FieldError.Invalid(Child(path, "kind"), kind, $"may have mixed case, but should otherwise match: {string.Join(",", malformed)}");
        }

        if (metadata is null || json["metadata"] is not JsonObject || fault is not null)
        {
            yield break;
        }

        foreach (FieldError error in metadata(json))
        {
            yield return error with { Field = Child(path, error.Field) };
        }
    }

    /// <summary>What of the members that every object has is of the wrong type.</summary>
    private static FieldError? Fault(JsonObject json, string path)
    {
        foreach (string member in (string[])["apiVersion", "kind"])
        {
            if (json[member] is { } value && value.GetValueKind() != System.Text.Json.JsonValueKind.String)
            {
                return FieldError.Invalid(Child(path, member), SortedJson.Of(value), "must be a string");
            }
        }

        try
        {
            _ = json["metadata"] is { } metadata ? TypedDecoding.Metadata(metadata.DeepClone()) : null;
            return null;
        }
        catch (FormatException fault)
        {
            return FieldError.Invalid(Child(path, "metadata"), SortedJson.Of(json["metadata"]), fault.Message);
        }
    }

    private static IEnumerable<(JsonObject Json, string Path)> Find(JsonNode? node, Schema schema, string path)
    {
        switch (node)
        {
            case JsonObject json:
                if (schema.EmbeddedResource)
                {
                    yield return (json, path);
                }

                foreach ((string name, JsonNode? value) in json.ToArray())
                {
                    if (schema.Properties.TryGetValue(name, out Schema? member) ? member.Name is null : (member = schema.AdditionalProperties) is not null)
                    {
                        foreach ((JsonObject, string) found in Find(value, member!, Child(path, name)))
                        {
                            yield return found;
                        }
                    }
                }

                break;
            case JsonArray array when schema.Items is { } items:
                for (int i = 0; i < array.Count; i++)
                {
                    foreach ((JsonObject, string) found in Find(array[i], items, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]")))
                    {
                        yield return found;
                    }
                }

                break;
        }
    }

    /// <summary>Most schemas have none: then no request pays for looking.</summary>
    private static bool HasAny(Schema schema) => (bool)Known.GetValue(schema, static s => Holds(s));

    private static bool Holds(Schema schema) =>
        schema.EmbeddedResource
        || schema.Properties.Any(p => p.Value.Name is null && Holds(p.Value))
        || (schema.Items is { } items && Holds(items))
        || (schema.AdditionalProperties is { } values && Holds(values));

    private static string Child(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
