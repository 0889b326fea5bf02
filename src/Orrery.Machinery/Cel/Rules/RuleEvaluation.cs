using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Cel.Rules;

/// <summary>Runs the rules of a schema over an object (apiextensions <c>pkg/apiserver/schema/cel/validation.go</c>).</summary>
internal sealed class RuleEvaluation(bool ratchets, ICollection<string>? warnings, CancellationToken cancellation)
{
    private readonly CelBudget budget = new(CelBudget.PerRequest);
    private readonly List<FieldError> errors = [];

    /// <param name="warnings">Told of what an update leaves as wrong as it was; null: nobody asks, and such rules are not run.</param>
    public static IReadOnlyList<FieldError> Validate(JsonObject json, Schema schema, JsonObject? old, ICollection<string>? warnings, CancellationToken cancellation) =>
        Validate(new RuleEvaluation(ratchets: true, warnings, cancellation), json, schema, old, "", isRoot: true);

    /// <summary>A default is judged as an update that changes nothing, by every rule.</summary>
    /// <param name="path">Where it stands.</param>
    public static IReadOnlyList<FieldError> ValidateDefault(JsonNode value, Schema schema, string path) =>
        Validate(new RuleEvaluation(ratchets: false, null, CancellationToken.None), value, schema, value, path, isRoot: false);

    private static List<FieldError> Validate(RuleEvaluation evaluation, JsonNode value, Schema schema, JsonNode? old, string path, bool isRoot)
    {
        try
        {
            evaluation.Visit(value, schema, old, path, isRoot, correlated: true, isLeftAlone: false);
        }
        catch (CelBudgetException)
        {
            evaluation.errors.Add(FieldError.Invalid("", "", "validation failed due to running out of cost budget, no further validation rules will be run"));
        }

        return evaluation.errors;
    }

    /// <param name="correlated">Whether <paramref name="old"/> is this value's own: of a list without keys no item has one.</param>
    /// <param name="isLeftAlone">Whether something around the value is as it was, which the value then is as well.</param>
    private void Visit(JsonNode? node, Schema schema, JsonNode? old, string path, bool isRoot, bool correlated, bool isLeftAlone)
    {
        // A null that is allowed has nothing to judge.
        if (node is null)
        {
            return;
        }

        isLeftAlone |= ratchets && correlated && old is not null && JsonNode.DeepEquals(old, node);
        foreach (ValidationRule rule in ValidationRule.Of(schema, isRoot))
        {
            Run(rule, node, schema, correlated ? old : null, path, isRoot, isLeftAlone);
        }

        switch (node)
        {
            case JsonObject json:
                foreach ((string name, JsonNode? value) in json)
                {
                    if (schema.Properties.TryGetValue(name, out Schema? member) ? member.Name is null : (member = schema.AdditionalProperties) is not null)
                    {
                        Visit(value, member!, (old as JsonObject)?[name], schema.AdditionalProperties is null ? Child(path, name) : $"{path}[{name}]", false, correlated, isLeftAlone);
                    }
                }

                break;
            case JsonArray array when schema.Items is { } items:
                var before = new CorrelatedItems(schema, old as JsonArray);
                for (int i = 0; i < array.Count; i++)
                {
                    Visit(array[i], items, before.Of(array[i]), string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), false, correlated && schema.ListType == ListType.Map, isLeftAlone);
                }

                break;
        }
    }

    private void Run(ValidationRule rule, JsonNode node, Schema schema, JsonNode? old, string path, bool isRoot, bool isLeftAlone)
    {
        // 1. rules of transitions need a value before; the others let pass what an update leaves alone (ratcheting, KEP-4008), with a word about it
        if (rule.IsTransition ? old is null && !rule.IsOptionalOld : isLeftAlone && warnings is null)
        {
            return;
        }

        if (SchemaTypes.Of(schema, isRoot) is not { } type)
        {
            errors.Add(FieldError.Invalid(path, "", "rule compiler initialization error: failed to convert to declType for CEL validation rules"));
            return;
        }

        if (rule.Program is not { } program)
        {
            errors.Add(FieldError.Invalid(path, TypeName(schema), $"rule compile error: {rule.Fault}"));
            return;
        }

        object? before = CelValues.FromJson(old, type);
        var values = new Dictionary<string, object?>
        {
            ["self"] = CelValues.FromJson(node, type),
            ["oldSelf"] = !rule.IsOptionalOld ? before : old is null ? CelOptional.None : new CelOptional(true, before),
        };

        // 2. the rule
        object? result;
        try
        {
            result = program.Evaluate(values, new CelBudget(CelBudget.PerExpression, budget), cancellation);
        }
        catch (CelBudgetException) when (budget.Spent <= CelBudget.PerRequest)
        {
            errors.Add(FieldError.Invalid(path, TypeName(schema), $"'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: {Said(rule)}"));
            return;
        }

        if (result is true)
        {
            return;
        }

        // 3. what to say of it
        string place = rule.FieldPath.Length == 0 ? path : (path + rule.FieldPath).TrimStart('.');
        if (result is CelError error)
        {
            errors.Add(FieldError.Invalid(path, TypeName(schema), error.Message.StartsWith("no such overload", StringComparison.Ordinal)
                ? $"'{error.Message}': call arguments did not match a supported operator, function or macro signature for rule: {Said(rule)}"
                : $"{error.Message} evaluating rule: {Said(rule)}"));
        }
        else if (isLeftAlone && !rule.IsTransition)
        {
            // Go prints a path without steps like this.
            warnings!.Add(Refusal(rule, place.Length == 0 ? "<nil>" : place, node, Words(rule, values)).ToString());
        }
        else
        {
            errors.Add(Refusal(rule, place, node, Words(rule, values)));
        }
    }

    /// <summary>A rule that could not be judged is called by its message, where it has one.</summary>
    private static string Said(ValidationRule rule) => rule.Message.Length > 0 ? rule.Message.Trim() : rule.Text.Trim();

    /// <summary>Where it is the rule that failed, its type stands for the value.</summary>
    private static string TypeName(Schema schema) => schema.Type == SchemaType.Any ? "" : schema.Type.ToString().ToLowerInvariant();

    private string Words(ValidationRule rule, Dictionary<string, object?> values)
    {
        string plain = rule.Message.Length > 0 ? rule.Message.Trim() : $"failed rule: {rule.Text.Trim()}";
        if (rule.MessageProgram is null)
        {
            return plain;
        }

        try
        {
            return rule.MessageProgram.Evaluate(values, new CelBudget(CelBudget.PerExpression, budget), cancellation) is string said && said.Trim().Length > 0 && !said.Contains('\n') ? said.Trim() : plain;
        }
        catch (CelBudgetException) when (budget.Spent <= CelBudget.PerRequest)
        {
            return plain;
        }
    }

    private static FieldError Refusal(ValidationRule rule, string place, JsonNode value, string words) => rule.Reason switch
    {
        "FieldValueForbidden" => FieldError.Forbidden(place, words),
        "FieldValueRequired" => FieldError.Required(place, words),
        "FieldValueDuplicate" => Invalid(place, value, words) with { Type = FieldErrorType.Duplicate },
        _ => Invalid(place, value, words),
    };

    /// <summary>Upstream shows scalars only.</summary>
    private static FieldError Invalid(string path, JsonNode node, string words) =>
        node is JsonValue ? FieldError.Invalid(path, node.DeepClone(), words) : FieldError.Invalid(path, null, words) with { OmitsValue = true };

    private static string Child(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
