using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>Bounds, lengths, patterns and formats of strings and numbers.</summary>
internal static class ScalarRules
{
    public static IEnumerable<FieldError> Check(JsonNode node, Schema schema, string path) => node.GetValueKind() switch
    {
        JsonValueKind.String => Text(node, schema, path),
        JsonValueKind.Number when schema.Rules is { } rules => Number(node, rules, path),
        _ => [],
    };

    private static IEnumerable<FieldError> Text(JsonNode node, Schema schema, string path)
    {
        string text = node.GetValue<string>();
        if (schema.Rules is { } rules)
        {
            int length = text.EnumerateRunes().Count();
            if (rules.MaxLength is { } max && length > max)
            {
                yield return FieldError.TooLong(path, (int)max);
            }

            if (rules.MinLength is { } min && length < min)
            {
                yield return Fault(node, path, string.Create(CultureInfo.InvariantCulture, $"should be at least {min} chars long"));
            }

            if (rules.Pattern is { } pattern && !Re2.IsMatch(pattern, text))
            {
                yield return Fault(node, path, $"should match '{pattern}'");
            }
        }

        if (schema is { Type: SchemaType.String, Format: { } format } && !StringFormats.IsValid(format, text))
        {
            yield return FieldError.TypeInvalid(path, node.DeepClone(), $"{path} in body must be of type {format}: \"{text}\"");
        }
    }

    private static IEnumerable<FieldError> Number(JsonNode node, ValueRules rules, string path)
    {
        double value = node.AsDouble();
        if (rules.Minimum is { } min && (rules.ExclusiveMinimum ? value <= min : value < min))
        {
            yield return Fault(node, path, $"should be greater than {(rules.ExclusiveMinimum ? "" : "or equal to ")}{GoNumber.Text(min)}");
        }

        if (rules.Maximum is { } max && (rules.ExclusiveMaximum ? value >= max : value > max))
        {
            yield return Fault(node, path, $"should be less than {(rules.ExclusiveMaximum ? "" : "or equal to ")}{GoNumber.Text(max)}");
        }

        if (rules.MultipleOf is > 0 and { } step && Math.IEEERemainder(value, step) != 0)
        {
            yield return Fault(node, path, $"should be a multiple of {GoNumber.Text(step)}");
        }
    }

    private static FieldError Fault(JsonNode node, string path, string text) => FieldError.Invalid(path, node.DeepClone(), $"{path} in body {text}");
}
