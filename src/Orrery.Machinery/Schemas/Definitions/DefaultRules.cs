using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Cel.Rules;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>
/// A default must be a value that its schema would take (apiextensions <c>pkg/apiserver/schema/defaulting</c>). Nothing within it is
/// defaulted first. At the top apiVersion, kind and metadata cannot have any (<see cref="SchemaRules"/>).
/// </summary>
internal sealed class DefaultRules(Func<JsonObject, IReadOnlyList<FieldError>>? metadata)
{
    private readonly List<FieldError> errors = [];

    /// <param name="metadata">The rules for the metadata of embedded objects; null leaves it unchecked.</param>
    public static IReadOnlyList<FieldError> Validate(JsonObject schema, string path, Func<JsonObject, IReadOnlyList<FieldError>>? metadata)
    {
        var rules = new DefaultRules(metadata);
        rules.Visit(schema, path, isRoot: true);
        return rules.errors;
    }

    private void Visit(JsonObject schema, string path, bool isRoot = false)
    {
        if (schema["default"] is { } value)
        {
            Judge(value, CustomSchema.Read(schema), $"{path}.default");
        }

        if (schema["items"] is JsonObject items)
        {
            Visit(items, $"{path}.items");
        }

        foreach ((string name, JsonNode? property) in schema["properties"] as JsonObject ?? [])
        {
            if (property is JsonObject below && !(isRoot && CustomSchema.IsMeta(name)))
            {
                Visit(below, $"{path}.properties[{name}]");
            }
        }
    }

    /// <summary>Each kind of fault hides those that come after it, but for what is unknown.</summary>
    private void Judge(JsonNode value, Schema schema, string path)
    {
        if (Pruning.Apply(value.DeepClone(), schema, schema.EmbeddedResource).Count > 0)
        {
            errors.Add(FieldError.Invalid(path, SortedJson.Of(value), "must not have unknown fields"));
        }

        IReadOnlyList<FieldError> found = EmbeddedObjects.FirstFault(value, schema, path) is { } fault ? [fault] : [.. EmbeddedObjects.Validate(value, schema, path, metadata)];
        if (found.Count == 0)
        {
            found = [.. new ValueValidator(takesAnyIntOrString: true).Validate(value, schema, "").Select(e => e with { Field = Below(path, e.Field) })];
        }

        errors.AddRange(found.Count > 0 ? found : RuleEvaluation.ValidateDefault(value, schema, path));
    }

    private static string Below(string path, string field) => field is "" or "<nil>" ? path : field[0] == '.' ? path + field : $"{path}.{field}";
}
