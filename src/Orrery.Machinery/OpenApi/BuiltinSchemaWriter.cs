using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.OpenApi;

/// <summary>Writes built-in types, and remembers which others they refer to.</summary>
internal sealed class BuiltinSchemaWriter(Utf8JsonWriter writer, SchemaDialect dialect, string group, string version)
{
    private readonly SortedSet<string> wanted = new(StringComparer.Ordinal);
    private readonly HashSet<string> written = new(StringComparer.Ordinal);

    /// <summary>For OpenAPI 3 alone, which is what people's tools ask for: the one document of Swagger 2 is large as it is.</summary>
    private readonly Lazy<Descriptions?> descriptions = new(() => dialect == SchemaDialect.V3 ? Descriptions.Read() : null, LazyThreadSafetyMode.None);

    public static string Reference(SchemaDialect dialect, string type) => (dialect == SchemaDialect.V3 ? "#/components/schemas/" : "#/definitions/") + type;

    public void Want(string type) => wanted.Add(type);

    /// <summary>Writes every wanted type, and those that they want, as members of the object that is open.</summary>
    public void WriteAll()
    {
        while (wanted.Except(written).FirstOrDefault() is { } type)
        {
            written.Add(type);
            Schema schema = BuiltinTypes.Instance.FindByName(type) ?? throw new InvalidOperationException($"no built-in type '{type}'");
            writer.WritePropertyName(type);
            Named(schema);
        }
    }

    public void WriteReference(string type)
    {
        Want(type);
        writer.WriteStartObject();
        writer.WriteString("$ref", Reference(dialect, type));
        writer.WriteEndObject();
    }

    public void WriteKinds(IEnumerable<GroupVersionKind> kinds)
    {
        writer.WriteStartArray("x-kubernetes-group-version-kind");
        foreach (GroupVersionKind kind in kinds)
        {
            writer.WriteStartObject();
            writer.WriteString("group", kind.Group);
            writer.WriteString("kind", kind.Kind);
            writer.WriteString("version", kind.Version);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>Says of a field that every object has, such as <c>kind</c>, what it is.</summary>
    public void DescribeOfAnyKind(string field) => Describe(descriptions.Value?.OfField("", field));

    private void Named(Schema schema)
    {
        writer.WriteStartObject();
        Describe(descriptions.Value?.OfType(schema.Name!));
        Body(schema);
        GroupVersionKind[] kinds = [.. TypeNames.KindsOf(schema.Name!, group, version)];
        if (kinds.Length > 0)
        {
            WriteKinds(kinds);
        }

        writer.WriteEndObject();
    }

    private void Body(Schema schema)
    {
        if (schema.Name is BuiltinSchemaBuilder.Quantity or BuiltinSchemaBuilder.IntOrString)
        {
            Union(schema);
            return;
        }

        Type(schema);
        if (schema.Required.Count > 0)
        {
            Strings("required", schema.Required);
        }

        if (schema.Properties.Count > 0)
        {
            writer.WriteStartObject("properties");
            foreach ((string name, Schema property) in schema.Properties)
            {
                writer.WritePropertyName(name);
                Property(schema, name, property, descriptions.Value?.OfField(schema.Name!, name));
            }

            writer.WriteEndObject();
        }

        Facts(schema);
    }

    /// <summary>Amounts and ports: two JSON types, which Swagger 2 can only tell as a string.</summary>
    private void Union(Schema schema)
    {
        bool quantity = schema.Name == BuiltinSchemaBuilder.Quantity;
        if (!quantity)
        {
            writer.WriteString("format", "int-or-string");
        }

        if (dialect == SchemaDialect.V2)
        {
            writer.WriteString("type", "string");
            return;
        }

        writer.WriteStartArray("oneOf");
        foreach (string type in (string[])(quantity ? ["string", "number"] : ["integer", "string"]))
        {
            writer.WriteStartObject();
            writer.WriteString("type", type);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void Property(Schema parent, string name, Schema property, string? description)
    {
        if (property.Name is not { } type)
        {
            writer.WriteStartObject();
            Describe(description);
            Type(property);
            Default(property);
            Nested(property);
            Facts(property);
            writer.WriteEndObject();
            return;
        }

        Want(type);
        writer.WriteStartObject();
        Describe(description);
        if (dialect == SchemaDialect.V2)
        {
            writer.WriteString("$ref", Reference(dialect, type));
        }
        else
        {
            if (GoShape.IsNestedStruct(parent, name, property))
            {
                writer.WriteStartObject("default");
                writer.WriteEndObject();
            }

            writer.WriteStartArray("allOf");
            writer.WriteStartObject();
            writer.WriteString("$ref", Reference(dialect, type));
            writer.WriteEndObject();
            writer.WriteEndArray();
        }

        // What the type itself says need not stand beside the reference.
        Schema own = BuiltinTypes.Instance.FindByName(type)!;
        if (!ReferenceEquals(own, property))
        {
            Facts(property, own);
        }

        writer.WriteEndObject();
    }

    private void Nested(Schema schema)
    {
        if (schema.Items is { } items)
        {
            writer.WritePropertyName("items");
            Value(items);
        }

        if (schema.AdditionalProperties is { } values)
        {
            writer.WritePropertyName("additionalProperties");
            Value(values);
        }
    }

    private void Value(Schema schema)
    {
        if (schema.Name is { } type)
        {
            WriteReference(type);
            return;
        }

        writer.WriteStartObject();
        Type(schema);
        Nested(schema);
        Facts(schema);
        writer.WriteEndObject();
    }

    private void Type(Schema schema)
    {
        if (schema.Type != SchemaType.Any)
        {
            writer.WriteString("type", schema.Type.ToString().ToLowerInvariant());
        }

        if (schema.Format is { } format)
        {
            writer.WriteString("format", format);
        }
    }

    private void Default(Schema schema)
    {
        if (schema.Default is { } value && dialect == SchemaDialect.V3)
        {
            writer.WritePropertyName("default");
            value.WriteTo(writer);
        }
    }

    private void Facts(Schema schema, Schema? except = null)
    {
        if (schema.Enum.Count > 0 && except is null)
        {
            writer.WriteStartArray("enum");
            foreach (JsonNode? value in schema.Enum)
            {
                value!.WriteTo(writer);
            }

            writer.WriteEndArray();
        }

        if (schema.ListMapKeys.Count > 0)
        {
            Strings("x-kubernetes-list-map-keys", schema.ListMapKeys);
        }

        if (schema.HasListType && except is not { HasListType: true })
        {
            writer.WriteString("x-kubernetes-list-type", schema.ListType.ToString().ToLowerInvariant());
        }

        if (schema.AtomicMap && except is not { AtomicMap: true })
        {
            writer.WriteString("x-kubernetes-map-type", "atomic");
        }

        if (schema.PatchMergeKey is { } key)
        {
            writer.WriteString("x-kubernetes-patch-merge-key", key);
        }

        if (schema.PatchStrategies.Count > 0)
        {
            writer.WriteString("x-kubernetes-patch-strategy", string.Join(",", schema.PatchStrategies));
        }
    }

    private void Describe(string? description)
    {
        if (description is not null)
        {
            writer.WriteString("description", description);
        }
    }

    private void Strings(string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (string value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }
}
