using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Cel.Rules;
using Orrery.Machinery.Patches;

namespace Orrery.Machinery.Schemas;

/// <summary>Where a custom kind keeps what its scale subresource shows; paths such as <c>.spec.replicas</c>.</summary>
public sealed record ScalePaths(string SpecReplicas, string StatusReplicas, string? LabelSelector);

/// <summary>
/// Validates an object of a custom kind with upstream's faults and texts (kube-openapi <c>pkg/validation/validate</c>,
/// apiextensions <c>pkg/registry/customresource</c>). Rules in CEL follow when nothing blocks them.
/// </summary>
public static class SchemaValidation
{
    private const string NotChecked = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

    /// <summary>apiVersion and kind must be the endpoint's. Upstream looks no further when they are not.</summary>
    public static IReadOnlyList<FieldError> ValidateTypeMeta(JsonObject json, GroupVersionKind wanted)
    {
        var errors = new List<FieldError>();
        if (json.Kind != wanted.Kind)
        {
            errors.Add(FieldError.Invalid("kind", json.Kind, $"must be {wanted.Kind}"));
        }

        if (json.ApiVersion != wanted.ApiVersion)
        {
            errors.Add(FieldError.Invalid("apiVersion", json.ApiVersion, $"must be {wanted.ApiVersion}"));
        }

        return errors;
    }

    /// <param name="json">Pruned and defaulted.</param>
    /// <param name="schema">Compiled by <see cref="CustomSchema.Parse"/>.</param>
    /// <param name="old">The object before the update; what did not change is not refused now (ratcheting, KEP-4008). Null on create.</param>
    /// <param name="scale">Checked too when the kind has a scale subresource.</param>
    /// <param name="embeddedMetadata">The rules for the metadata of embedded objects; null leaves it unchecked.</param>
    /// <param name="isBlocked">Something else about the object keeps its rules in CEL from being asked.</param>
    /// <param name="warnings">Told of what did not change and breaks a rule in CEL all the same; null: such rules are not asked.</param>
    public static IReadOnlyList<FieldError> Validate(
        JsonObject json, Schema schema, JsonObject? old = null, ScalePaths? scale = null, Func<JsonObject, IReadOnlyList<FieldError>>? embeddedMetadata = null, bool isBlocked = false,
        ICollection<string>? warnings = null, CancellationToken cancellation = default)
    {
        // 1. the schema
        List<FieldError> errors = [.. new ValueValidator().Validate(json, schema, "", old)];

        // 2. the scale subresource's members
        if (scale is not null)
        {
            errors.AddRange(ScaleValidation.Validate(json, scale));
        }

        // 3. embedded objects, sets and maps
        errors.AddRange(ListValidation.Validate(json, schema, old, embeddedMetadata));

        // 4. rules in CEL, which need an object of the right shape
        if (CustomSchema.HasValidations(schema))
        {
            errors.AddRange(isBlocked || errors.Any(IsBlocking) ? [FieldError.Invalid("<nil>", null, NotChecked)] : RuleEvaluation.Validate(json, schema, old, warnings, cancellation));
        }

        // Go prints a path without steps like this.
        return [.. errors.Select(e => e.Field.Length == 0 ? e with { Field = "<nil>" } : e)];
    }

    /// <summary>Whether rules in CEL, which want an object of the right shape, are not asked after such a fault.</summary>
    public static bool IsBlocking(FieldError error) =>
        error.Type is FieldErrorType.NotSupported or FieldErrorType.Required or FieldErrorType.TooLong or FieldErrorType.TooMany or FieldErrorType.TypeInvalid;
}

/// <summary>The integers that a scale subresource reads and writes.</summary>
internal static class ScaleValidation
{
    public static IEnumerable<FieldError> Validate(JsonObject json, ScalePaths scale) => Check(json, scale.SpecReplicas).Concat(Check(json, scale.StatusReplicas));

    private static IEnumerable<FieldError> Check(JsonObject json, string path)
    {
        string[] steps = path.TrimStart('.').Split('.');
        for (int above = 1; above < steps.Length; above++)
        {
            if (json.NodeAt(steps[..above]) is { } blocking and not JsonObject)
            {
                yield return FieldError.Invalid(path, 0, $"{path} accessor error: {GoText.Plain(blocking)} is of the type {TypeOf(blocking)}, expected map[string]interface{{}}");
                yield break;
            }
        }

        if (json.NodeAt(steps) is not { } value)
        {
            yield break;
        }

        string text = value.ToJsonString();
        if (value.GetValueKind() != JsonValueKind.Number || !long.TryParse(text, System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out long number))
        {
            string shown = value.GetValueKind() == JsonValueKind.Number ? value.GetValue<double>().ToString("R", System.Globalization.CultureInfo.InvariantCulture) : GoText.Plain(value);
            yield return FieldError.Invalid(path, 0, $"{path} accessor error: {shown} is of the type {TypeOf(value)}, expected int64");
        }
        else if (number < 0)
        {
            yield return FieldError.Invalid(path, number, "should be a non-negative integer");
        }
        else if (number > int.MaxValue)
        {
            yield return FieldError.Invalid(path, number, $"should be less than or equal to {int.MaxValue}");
        }
    }

    private static string TypeOf(JsonNode value) => value.GetValueKind() switch
    {
        JsonValueKind.String => "string",
        JsonValueKind.Number => "float64",
        JsonValueKind.True or JsonValueKind.False => "bool",
        JsonValueKind.Array => "[]interface {}",
        _ => "map[string]interface {}",
    };
}
