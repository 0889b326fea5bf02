using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>Bounds, lengths, patterns and formats of strings and numbers.</summary>
internal static class ScalarRules
{
    public static IEnumerable<FieldError> Check(JsonNode node, Schema schema, string path) => node.GetValueKind() switch
    {
        JsonValueKind.String => Text(node, schema, path),
        JsonValueKind.Number when schema.Rules is not null || schema.Type is SchemaType.Integer or SchemaType.Number => Number(node, schema, path),
        _ => [],
    };

    private static IEnumerable<FieldError> Text(JsonNode node, Schema schema, string path)
    {
        string text = node.GetValue<string>();
        if (schema.Rules is { } rules && FirstFault(node, text, rules, path) is { } fault)
        {
            yield return fault;
        }

        if (schema is { Type: SchemaType.String, Format: { } format } && !StringFormats.IsValid(format, text))
        {
            yield return FieldError.TypeInvalid(path, node.DeepClone(), $"{path} in body must be of type {format}: \"{text}\"");
        }
    }

    /// <summary>Of length and pattern upstream says the first that is wrong.</summary>
    private static FieldError? FirstFault(JsonNode node, string text, ValueRules rules, string path)
    {
        int length = text.EnumerateRunes().Count();
        return rules.MaxLength is { } max && length > max ? FieldError.TooLong(path, (int)max)
            : rules.MinLength is { } min && length < min ? Fault(node, path, string.Create(CultureInfo.InvariantCulture, $"should be at least {min} chars long"))
            : rules.Pattern is { } pattern ? PatternFault(node, text, pattern, path)
            : null;
    }

    private static FieldError? PatternFault(JsonNode node, string text, string pattern, string path)
    {
        try
        {
            return Re2.IsMatch(pattern, text) ? null : Fault(node, path, $"should match '{pattern}'");
        }
        catch (RegexMatchTimeoutException)
        {
            return Fault(node, path, $"is too long to be matched with '{pattern}'");
        }
    }

    /// <summary>Upstream asks of each bound whether a value of the type and format could be so large or small, before it asks of the value.</summary>
    private static IEnumerable<FieldError> Number(JsonNode node, Schema schema, string path)
    {
        double value = node.AsDouble();
        if (!FitsFormat(value, schema))
        {
            yield return OutOfRange("Checked", schema, path);
        }

        if (schema.Rules is not { } rules)
        {
            yield break;
        }

        if (rules.MultipleOf is { } step)
        {
            if (!FitsFormat(step, schema))
            {
                yield return OutOfRange("MultipleOf", schema, path);
            }

            if (step <= 0)
            {
                yield return FieldError.Invalid(path, GoNumber.ToJson(step), $"factor MultipleOf declared for {path} must be positive: {GoNumber.Text(step)}");
            }
            else if (Exact(node) is { } whole && step == Math.Truncate(step) ? whole % (long)step != 0 : Math.IEEERemainder(value, step) != 0)
            {
                yield return Fault(node, path, $"should be a multiple of {GoNumber.Text(step)}");
            }
        }

        if (rules.Minimum is { } min)
        {
            if (!FitsFormat(min, schema))
            {
                yield return OutOfRange("Minimum boundary", schema, path);
            }

            if (rules.ExclusiveMinimum ? value <= min : value < min)
            {
                yield return Fault(node, path, $"should be greater than {(rules.ExclusiveMinimum ? "" : "or equal to ")}{GoNumber.Text(min)}");
            }
        }

        if (rules.Maximum is { } max)
        {
            if (!FitsFormat(max, schema))
            {
                yield return OutOfRange("Maximum boundary", schema, path);
            }

            if (rules.ExclusiveMaximum ? value >= max : value > max)
            {
                yield return Fault(node, path, $"should be less than {(rules.ExclusiveMaximum ? "" : "or equal to ")}{GoNumber.Text(max)}");
            }
        }
    }

    private static bool FitsFormat(double value, Schema schema) => (schema.Type, schema.Format) switch
    {
        (SchemaType.Integer, "int32") => Math.Truncate(value) == value && value is >= int.MinValue and <= int.MaxValue,
        (SchemaType.Integer, "uint32") => Math.Truncate(value) == value && value is >= 0 and <= uint.MaxValue,
        (SchemaType.Integer, "uint64") => Math.Truncate(value) == value && value >= 0,
        (SchemaType.Integer, _) => Math.Truncate(value) == value && value is >= long.MinValue and <= long.MaxValue,
        (SchemaType.Number, "float" or "float32") => Math.Abs(value) <= float.MaxValue,
        _ => true,
    };

    /// <summary>The value of an integer that a double might not hold; null for any other number.</summary>
    private static long? Exact(JsonNode node) => long.TryParse(node.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) ? whole : null;

    private static FieldError OutOfRange(string what, Schema schema, string path)
    {
        string type = schema.Type.ToString().ToLowerInvariant();
        return FieldError.Invalid("<nil>", "", $"{what} value must be of type {type} {(schema.Format is null ? "(default format)" : $"with format {schema.Format}")} in {path}");
    }

    private static FieldError Fault(JsonNode node, string path, string text) =>
        FieldError.Invalid(path, node.GetValueKind() == JsonValueKind.Number && Exact(node) is null ? GoNumber.ToJson(node.AsDouble()) : node.DeepClone(), $"{path} in body {text}");
}
