using System.Runtime.CompilerServices;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Cel.Rules;

/// <summary>The type that rules see of a schema (apiserver <c>pkg/cel/common/schemas.go</c>): members without a type are not seen at all.</summary>
internal static class SchemaTypes
{
    private static readonly HashSet<string> Escaped = new(StringComparer.Ordinal)
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while",
    };

    private static readonly ConditionalWeakTable<Schema, CelType> Known = [];

    /// <summary>Of a text of which the schema says no more.</summary>
    private static readonly CelType Text = CelType.String.Within(SchemaSizes.Longest(new Schema { Type = SchemaType.String }));

    /// <summary>Null when the schema says nothing that a rule could use.</summary>
    public static CelType? Of(Schema schema, bool isRoot)
    {
        if (Known.TryGetValue(schema, out CelType? known))
        {
            return known;
        }

        CelType? made = Make(schema, isRoot);
        if (made is not null)
        {
            Known.AddOrUpdate(schema, made);
        }

        return made;
    }

    private static CelType? Make(Schema schema, bool isRoot) => schema switch
    {
        { IntOrString: true } => CelType.Dyn.Within(SchemaSizes.Longest(schema)),
        { Type: SchemaType.Array, Items: { } items } => Of(items, false) is { } item ? CelType.List(item).From(schema).Within(SchemaSizes.Longest(schema)) : null,
        { Type: SchemaType.Object, AdditionalProperties: { } values } when !ReferenceEquals(values, CustomSchema.Anything) => Of(values, false) is { } value ? CelType.Map(CelType.String, value).Within(SchemaSizes.Longest(schema)) : null,
        { Type: SchemaType.Object } => Object(schema, isRoot),
        { Type: SchemaType.String } => (schema.Format switch { "byte" => CelType.Bytes, "duration" => CelType.Duration, "date" or "date-time" => CelType.Timestamp, _ => CelType.String }).Within(SchemaSizes.Longest(schema)),
        { Type: SchemaType.Boolean } => CelType.Bool,
        { Type: SchemaType.Integer } => CelType.Int,
        { Type: SchemaType.Number } => CelType.Double,
        _ => null,
    };

    private static CelType Object(Schema schema, bool isRoot)
    {
        var fields = new Dictionary<string, CelField>(StringComparer.Ordinal);
        foreach ((string name, Schema member) in schema.Properties)
        {
            // Of the metadata, only what names the object.
            CelType? type = (isRoot || schema.EmbeddedResource) && name == "metadata"
                ? CelType.Object("ObjectMeta", new Dictionary<string, CelField> { ["name"] = new("name", Text), ["generateName"] = new("generateName", Text) })
                : Of(member, false);
            if (type is not null && Escape(name) is { } escaped)
            {
                fields[escaped] = new CelField(name, type);
                if (Escaped.Contains(name))
                {
                    // Behind a dot such a word needs no escape.
                    fields.TryAdd(name, fields[escaped]);
                }
            }
        }

        return CelType.Object("object", fields);
    }

    /// <summary>Words of the language that no identifier may be.</summary>
    internal static bool IsReserved(string name) => Escaped.Contains(name);

    /// <summary>Null when no identifier stands for the name.</summary>
    internal static string? Escape(string name)
    {
        if (Escaped.Contains(name))
        {
            return $"__{name}__";
        }

        string escaped = name.Replace("__", "__underscores__", StringComparison.Ordinal).Replace(".", "__dot__", StringComparison.Ordinal)
            .Replace("-", "__dash__", StringComparison.Ordinal).Replace("/", "__slash__", StringComparison.Ordinal);
        return escaped.Length > 0 && !char.IsAsciiDigit(escaped[0]) && escaped.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? escaped : null;
    }
}
