using System.Runtime.CompilerServices;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>Completes the schema of a whole object: a custom resource's own schema need not describe apiVersion, kind and metadata.</summary>
internal static class RootSchemas
{
    private const string ObjectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
    private static readonly ConditionalWeakTable<Schema, Schema> Completed = [];
    private static readonly Lazy<Dictionary<string, Schema>> CommonMembers = new(() => new(StringComparer.Ordinal)
    {
        ["apiVersion"] = new Schema { Type = SchemaType.String },
        ["kind"] = new Schema { Type = SchemaType.String },
        ["metadata"] = BuiltinTypes.Instance.FindByName(ObjectMeta) ?? throw new InvalidOperationException($"The embedded types hold no {ObjectMeta}."),
    });

    /// <summary>The members that every object has.</summary>
    public static IReadOnlyDictionary<string, Schema> Common => CommonMembers.Value;

    public static Schema Complete(Schema schema) =>
        schema.Properties.TryGetValue("metadata", out Schema? metadata) && metadata.Name == ObjectMeta ? schema : Completed.GetValue(schema, Make);

    private static Schema Make(Schema schema)
    {
        var properties = new Dictionary<string, Schema>(schema.Properties, StringComparer.Ordinal);
        foreach ((string name, Schema member) in Common)
        {
            properties[name] = member;
        }

        return new Schema
        {
            Type = SchemaType.Object,
            Properties = properties,

            // A resource without any schema keeps whatever it is given.
            AdditionalProperties = schema.AdditionalProperties,
            PreserveUnknownFields = schema.PreserveUnknownFields || Shapes.IsDeduced(schema),
        };
    }
}
