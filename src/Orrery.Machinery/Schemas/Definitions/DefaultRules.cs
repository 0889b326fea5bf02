using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas.Definitions;

/// <summary>
/// A default must be a value that its schema would take (apiextensions <c>pkg/apiserver/schema/defaulting</c>). Nothing within it is
/// defaulted first. At the top apiVersion, kind and metadata cannot have any (<see cref="SchemaRules"/>).
/// </summary>
internal static class DefaultRules
{
    public static IReadOnlyList<FieldError> Validate(JsonObject schema, string path)
    {
        var errors = new List<FieldError>();
        Visit(schema, path, errors, isRoot: true);
        return errors;
    }

    private static void Visit(JsonObject schema, string path, List<FieldError> errors, bool isRoot = false)
    {
        if (schema["default"] is { } value)
        {
            Schema compiled = CustomSchema.Read(schema);
            if (Pruning.Apply(value.DeepClone(), compiled, compiled.EmbeddedResource).Count > 0)
            {
                errors.Add(FieldError.Invalid($"{path}.default", value.DeepClone(), "must not have unknown fields"));
            }

            if (compiled.EmbeddedResource && value is JsonObject resource)
            {
                errors.AddRange(((string[])["apiVersion", "kind"]).Where(m => string.IsNullOrEmpty(resource[m]?.ToString())).Select(m => FieldError.Required($"{path}.default.{m}", "")));
            }

            errors.AddRange(new ValueValidator().Validate(value, compiled, "").Select(e => e with { Field = e.Field is "" or "<nil>" ? $"{path}.default" : $"{path}.default.{e.Field}" }));
        }

        if (schema["items"] is JsonObject items)
        {
            Visit(items, $"{path}.items", errors);
        }

        foreach ((string name, JsonNode? property) in schema["properties"] as JsonObject ?? [])
        {
            if (property is JsonObject below && !(isRoot && CustomSchema.IsMeta(name)))
            {
                Visit(below, $"{path}.properties[{name}]", errors);
            }
        }
    }
}
