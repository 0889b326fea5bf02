using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Machinery.Schemas.Definitions;

namespace Orrery.Machinery.Cel.Rules;

/// <summary>Whether the rules of an author's schema can be run (apiextensions <c>pkg/apis/apiextensions/validation</c>).</summary>
internal static class RuleDefinitions
{
    private static readonly string[] Reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

    /// <summary>The expressions, once everything that stands around them is right.</summary>
    /// <param name="path">Where the schema stands.</param>
    /// <param name="faulty">Fields of the schema that were refused: a rule at or above one of them is not looked at.</param>
    public static IReadOnlyList<FieldError> Validate(JsonObject schema, string path, IReadOnlyList<string> faulty)
    {
        var errors = new List<FieldError>();
        var costs = new RuleCosts(path);
        Visit(CustomSchema.Parse(schema), schema, path, null, 1, isRoot: true, faulty, costs, errors);
        costs.JudgeTotal(errors);
        return errors;
    }

    /// <param name="uncorrelated">The list above whose items cannot be told again after an update; null when there is none.</param>
    /// <param name="most">How often a value can stand here; null where nothing above bounds it.</param>
    private static void Visit(Schema schema, JsonObject json, string path, string? uncorrelated, double? most, bool isRoot, IReadOnlyList<string> faulty, RuleCosts costs, List<FieldError> errors)
    {
        if (json["x-kubernetes-validations"] is JsonArray { Count: > 0 } list && !faulty.Any(f => IsWithin(f, path)))
        {
            if (SchemaTypes.Of(schema, isRoot) is null)
            {
                errors.Add(FieldError.InternalError($"{path}.x-kubernetes-validations", "internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations"));
            }
            else
            {
                IReadOnlyList<ValidationRule> rules = ValidationRule.Of(schema, isRoot);
                for (int i = 0; i < rules.Count; i++)
                {
                    string at = string.Create(CultureInfo.InvariantCulture, $"{path}.x-kubernetes-validations[{i}]");
                    Judge(rules[i], (JsonObject)list[i]!, at, errors);
                    costs.Judge(rules[i], at, most ?? SchemaSizes.MostOccurrences(schema), errors);
                    JudgeOld(rules[i], at, uncorrelated, errors);
                }
            }
        }

        foreach ((string name, JsonNode? member) in json["properties"] as JsonObject ?? [])
        {
            if (member is JsonObject below && schema.Properties.TryGetValue(name, out Schema? typed) && !(isRoot && CustomSchema.IsMeta(name)))
            {
                Visit(typed, below, $"{path}.properties[{name}]", uncorrelated, most, false, faulty, costs, errors);
            }
        }

        if (schema.Items is { } items && json["items"] is JsonObject item)
        {
            Visit(items, item, $"{path}.items", uncorrelated ?? (schema.ListType == ListType.Map ? null : path), most * schema.Rules?.MaxItems, false, faulty, costs, errors);
        }

        if (schema.AdditionalProperties is { } values && json["additionalProperties"] is JsonObject value)
        {
            Visit(values, value, $"{path}.additionalProperties", uncorrelated, most * schema.Rules?.MaxProperties, false, faulty, costs, errors);
        }
    }

    private static bool IsWithin(string field, string path) =>
        field.StartsWith(path, StringComparison.Ordinal) && (field.Length == path.Length || field[path.Length] is '.' or '[');

    /// <summary>What of the rules that stand directly in a schema needs no reading of their expressions.</summary>
    public static void ValidateTexts(JsonObject schema, string path, List<FieldError> errors)
    {
        int i = 0;
        foreach (JsonNode? rule in schema["x-kubernetes-validations"] as JsonArray ?? [])
        {
            Texts(rule as JsonObject ?? [], schema, string.Create(CultureInfo.InvariantCulture, $"{path}.x-kubernetes-validations[{i++}]"), errors);
        }
    }

    private static void Texts(JsonObject rule, JsonObject schema, string path, List<FieldError> errors)
    {
        string text = rule.Text("rule")?.Trim() ?? "", message = rule.Text("message") ?? "", expression = rule.Text("messageExpression") ?? "", fieldPath = rule.Text("fieldPath") ?? "";
        if (text.Length == 0)
        {
            errors.Add(FieldError.Required($"{path}.rule", "rule is not specified"));
        }
        else if (message.Length > 0 && message.Trim().Length == 0)
        {
            errors.Add(FieldError.Invalid($"{path}.message", message, "must be non-empty if specified"));
        }
        else if (HasLineBreak(message.Trim()))
        {
            errors.Add(FieldError.Invalid($"{path}.message", message, "must not contain line breaks"));
        }
        else if (HasLineBreak(text) && message.Length == 0)
        {
            errors.Add(FieldError.Required($"{path}.message", "message must be specified if rule contains line breaks"));
        }

        if (expression.Length > 0 && expression.Trim().Length == 0)
        {
            errors.Add(FieldError.Required($"{path}.messageExpression", "messageExpression must be non-empty if specified"));
        }

        if (rule.Text("reason") is { } reason && !Reasons.Contains(reason))
        {
            errors.Add(FieldError.NotSupported($"{path}.reason", reason, Reasons));
        }

        if (fieldPath.Length == 0)
        {
            return;
        }

        if (fieldPath.Trim().Length == 0)
        {
            errors.Add(FieldError.Invalid($"{path}.fieldPath", fieldPath, "must be non-empty if specified"));
        }

        if (HasLineBreak(fieldPath))
        {
            errors.Add(FieldError.Invalid($"{path}.fieldPath", fieldPath, "must not contain line breaks"));
        }

        if (SchemaFieldPath.Find(fieldPath, schema, indexable: true, out _, out _) is null)
        {
            errors.Add(FieldError.Invalid($"{path}.fieldPath", fieldPath, "must be a valid path"));
        }
    }

    private static bool HasLineBreak(string text) => text.AsSpan().ContainsAny('\r', '\n');

    private static void Judge(ValidationRule rule, JsonObject json, string path, List<FieldError> errors)
    {
        if (rule.Fault is { } fault)
        {
            errors.Add(FieldError.Invalid($"{path}.rule", InternalSchema.OfRule(json), fault));
        }

        if (rule.MessageFault is { } messageFault)
        {
            errors.Add(FieldError.Invalid($"{path}.messageExpression", InternalSchema.OfRule(json), messageFault));
        }
    }

    private static void JudgeOld(ValidationRule rule, string path, string? uncorrelated, List<FieldError> errors)
    {
        if (rule.IsTransition && uncorrelated is not null)
        {
            errors.Add(FieldError.Invalid($"{path}.rule", rule.Text, $"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelated}"));
        }
        else if (!rule.IsTransition && rule.HasOptionalOld)
        {
            errors.Add(FieldError.Invalid($"{path}.optionalOldSelf", rule.IsOptionalOld, "may not be set if oldSelf is not used in rule"));
        }
    }
}
