using System.Runtime.CompilerServices;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Cel.Rules;

/// <summary>
/// The type that a policy's expressions are checked against for one kind (apiserver <c>pkg/cel/common/schemas.go</c> over a resolved schema). Unlike the
/// type that a rule of a custom resource sees, the root's metadata is whole.
/// </summary>
internal static class KindTypes
{
    private const string ObjectMeta = BuiltinTypes.Stem + "apimachinery.pkg.apis.meta.v1.ObjectMeta";
    private const string Quantity = BuiltinTypes.Stem + "apimachinery.pkg.api.resource.Quantity";

    private static readonly ConditionalWeakTable<Schema, CelType> Known = [];

    /// <param name="schema">Of a whole kind.</param>
    public static CelType Of(Schema schema) => Known.GetValue(schema, static root =>
    {
        var fields = new Dictionary<string, CelField>(StringComparer.Ordinal);
        var above = new HashSet<Schema>(ReferenceEqualityComparer.Instance) { root };
        foreach ((string name, Schema member) in root.Properties)
        {
            Add(fields, name, Make(member, above));
        }

        Add(fields, "apiVersion", CelType.String);
        Add(fields, "kind", CelType.String);
        Add(fields, "metadata", Make(BuiltinTypes.Instance.FindByName(ObjectMeta)!, above));
        return CelType.Object(root.Name ?? "object", fields);
    });

    /// <summary>Null where nothing is known: expressions do not see such a member.</summary>
    /// <param name="above">What this schema is within: a type that holds itself is left out there.</param>
    private static CelType? Make(Schema schema, HashSet<Schema> above)
    {
        if (schema.IntOrString || schema.Name == Quantity)
        {
            return CelType.Dyn;
        }

        switch (schema)
        {
            case { Type: SchemaType.Array, Items: { } items }:
                return Make(items, above) is { } item ? CelType.List(item) : null;
            case { Type: SchemaType.Object, AdditionalProperties: { } values } when !ReferenceEquals(values, CustomSchema.Anything):
                return Make(values, above) is { } value ? CelType.Map(CelType.String, value) : null;
            case { Type: SchemaType.Object }:
                return Object(schema, above);
            default:
                return SchemaTypes.Of(schema, isRoot: false);
        }
    }

    private static CelType? Object(Schema schema, HashSet<Schema> above)
    {
        if (!above.Add(schema))
        {
            return null;
        }

        var fields = new Dictionary<string, CelField>(StringComparer.Ordinal);
        foreach ((string name, Schema member) in schema.Properties)
        {
            Add(fields, name, Make(member, above));
        }

        if (schema.EmbeddedResource)
        {
            Add(fields, "metadata", Make(BuiltinTypes.Instance.FindByName(ObjectMeta)!, above));
        }

        above.Remove(schema);
        return CelType.Object(schema.Name ?? "object", fields);
    }

    private static void Add(Dictionary<string, CelField> fields, string name, CelType? type)
    {
        if (type is not null && SchemaTypes.Escape(name) is { } escaped)
        {
            fields[escaped] = new CelField(name, type);
        }
    }
}
