namespace Orrery.Machinery.Schemas;

/// <summary>How a value's members relate to its schema, for every walker that follows data down a built-in type.</summary>
internal static class TypeShape
{
    /// <summary>Says whether a member is known, and what its schema is (null: anything goes below it).</summary>
    public static bool Member(Schema? schema, string name, out Schema? member)
    {
        member = null;
        schema = Resolve(schema);
        if (schema is null || schema.PreserveUnknownFields)
        {
            return schema is null || !schema.Properties.TryGetValue(name, out member) || member is not null;
        }

        if (schema.Properties.TryGetValue(name, out member))
        {
            return true;
        }

        member = schema.AdditionalProperties;
        // A scalar's schema under an object is a type fault, told by the typed decoder and not here.
        return member is not null || schema.Type != SchemaType.Object;
    }

    /// <summary>Whether nothing is said of whatever is below.</summary>
    public static bool IsOpen(Schema? schema) => Resolve(schema) is not { } known || (known.PreserveUnknownFields && known.Properties.Count == 0 && known.Items is null);

    public static Schema? ItemsOf(Schema? schema) => schema?.Items ?? (IsSchemaOrArray(schema) ? Resolve(schema) : null);

    /// <summary>The three unions of a CustomResourceDefinition's schema stand for the schema of schemas wherever an object or a list is given.</summary>
    public static Schema? Resolve(Schema? schema) => schema?.Name is { } name && IsUnion(name) ? BuiltinTypes.Instance.FindByName(BuiltinSchemaBuilder.SchemaProps) : schema;

    public static bool IsUnion(string name) =>
        name.StartsWith(BuiltinSchemaBuilder.SchemaProps, StringComparison.Ordinal) && name.Length > BuiltinSchemaBuilder.SchemaProps.Length;

    private static bool IsSchemaOrArray(Schema? schema) => schema?.Name is { } name && IsUnion(name);
}
