using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Cel.Rules;

/// <summary>Whether the rules of an author's schema can be run (apiextensions <c>pkg/apis/apiextensions/validation</c>).</summary>
internal static class RuleDefinitions
{
    private static readonly string[] Reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

    /// <param name="path">Where the schema stands.</param>
    public static IReadOnlyList<FieldError> Validate(JsonObject schema, string path)
    {
        var errors = new List<FieldError>();
        Visit(CustomSchema.Parse(schema), schema, path, null, isRoot: true, errors);
        return errors;
    }

    /// <param name="uncorrelated">The list above whose items cannot be told again after an update; null when there is none.</param>
    private static void Visit(Schema schema, JsonObject json, string path, string? uncorrelated, bool isRoot, List<FieldError> errors)
    {
        IReadOnlyList<ValidationRule> rules = ValidationRule.Of(schema, isRoot);
        for (int i = 0; i < rules.Count; i++)
        {
            Judge(rules[i], (JsonObject)json["x-kubernetes-validations"]![i]!, string.Create(CultureInfo.InvariantCulture, $"{path}.x-kubernetes-validations[{i}]"), uncorrelated, errors);
        }

        foreach ((string name, JsonNode? member) in json["properties"] as JsonObject ?? [])
        {
            if (member is JsonObject below && schema.Properties.TryGetValue(name, out Schema? typed) && !(isRoot && CustomSchema.IsMeta(name)))
            {
                Visit(typed, below, $"{path}.properties[{name}]", uncorrelated, false, errors);
            }
        }

        if (schema.Items is { } items && json["items"] is JsonObject item)
        {
            Visit(items, item, $"{path}.items", uncorrelated ?? (schema.ListType == ListType.Map ? null : path), false, errors);
        }

        if (schema.AdditionalProperties is { } values && json["additionalProperties"] is JsonObject value)
        {
            Visit(values, value, $"{path}.additionalProperties", uncorrelated, false, errors);
        }
    }

    private static void Judge(ValidationRule rule, JsonObject json, string path, string? uncorrelated, List<FieldError> errors)
    {
        if (rule.Text.Trim().Length == 0)
        {
            errors.Add(FieldError.Required($"{path}.rule", "rule is not specified"));
            return;
        }

        if (rule.Message.Length == 0 && rule.Text.Contains('\n') && rule.MessageProgram is null)
        {
            errors.Add(FieldError.Required($"{path}.message", "message must be specified if rule contains line breaks"));
        }

        if (rule.Reason is { } reason && !Reasons.Contains(reason))
        {
            errors.Add(FieldError.NotSupported($"{path}.reason", reason, Reasons));
        }

        if (rule.Fault is { } fault)
        {
            errors.Add(FieldError.Invalid($"{path}.rule", Internal(json), fault));
        }

        if (rule.MessageFault is { } messageFault)
        {
            errors.Add(FieldError.Invalid($"{path}.messageExpression", Internal(json), messageFault));
        }

        if (rule.IsTransition && uncorrelated is not null)
        {
            errors.Add(FieldError.Invalid($"{path}.rule", rule.Text, $"oldSelf cannot be used on the uncorrelatable portion of the schema within {uncorrelated}"));
        }
    }

    /// <summary>The rule as Go prints its internal type.</summary>
    private static JsonObject Internal(JsonObject json) => new()
    {
        ["Rule"] = json.Text("rule"),
        ["Message"] = json.Text("message") ?? "",
        ["MessageExpression"] = json.Text("messageExpression") ?? "",
        ["Reason"] = json["reason"]?.DeepClone(),
        ["FieldPath"] = json.Text("fieldPath") ?? "",
        ["OptionalOldSelf"] = json["optionalOldSelf"]?.DeepClone(),
    };
}
