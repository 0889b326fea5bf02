using System.Globalization;
using System.Runtime.CompilerServices;
using Orrery.Helm.Go;

namespace Orrery.Helm.Schemas;

/// <summary>
/// Walks a value and a schema side by side. The order of checks is that of the validator that Helm uses: type, const and
/// enum end a schema at once, everything else adds up.
/// </summary>
internal sealed partial class SchemaValidator
{
    private SchemaDocument document;
    private readonly Stack<SchemaDocument> scope = new();

    public SchemaValidator(SchemaDocument document)
    {
        this.document = document;
        scope.Push(document);
    }

    public SchemaError? Check(object? value) => Check(document.Root, value, "", new Evaluated());

    private static SchemaError Error(string pointer, string message, params IReadOnlyList<SchemaError> causes) => new(pointer, message, causes);

    private SchemaError? Check(object? schema, object? value, string at, Evaluated seen)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (schema is bool all)
        {
            return all ? null : Error(at, "false schema");
        }

        if (schema is not GoMap rules)
        {
            return null;
        }

        // 1. A reference stands alone before draft 2019-09.
        var found = new List<SchemaError>();
        if (rules["$ref"] is string reference && document.Draft < 2019)
        {
            return Follow(reference, value, at, seen);
        }

        // 2. What ends the schema at once.
        if (Basic(rules, value, at) is { } basic)
        {
            return basic;
        }

        // 3. The parts of the value.
        if (rules["$ref"] is string inPlace)
        {
            Add(found, Follow(inPlace, value, at, seen));
        }

        switch (value)
        {
            case GoMap map:
                Object(rules, map, at, seen, found);
                break;
            case GoSlice list:
                Array(rules, list, at, seen, found);
                break;
            case string text:
                Text(rules, text, at, found);
                break;
            case not (null or bool):
                Number(rules, SchemaText.Number(value)!.Value, at, found);
                break;
        }

        // 4. Schemas about the same value.
        if (rules["$dynamicRef"] is string dynamic && document.Draft >= 2020)
        {
            Add(found, FollowDynamic(dynamic, value, at, seen));
        }

        if (rules["$recursiveRef"] is string && document.Draft == 2019)
        {
            Add(found, Follow("#", value, at, seen));
        }

        Combined(rules, value, at, seen, found);
        Unevaluated(rules, value, at, seen, found);
        return SchemaError.Of(at, found);
    }

    private static void Add(List<SchemaError> found, SchemaError? error)
    {
        if (error is not null)
        {
            found.Add(error);
        }
    }

    private SchemaError? Follow(string reference, object? value, string at, Evaluated seen)
    {
        (SchemaDocument target, object? schema) = document.Resolve(reference);
        return Within(target, schema, value, at, seen);
    }

    private SchemaError? Within(SchemaDocument target, object? schema, object? value, string at, Evaluated seen)
    {
        SchemaDocument outer = document;
        document = target;
        scope.Push(target);
        SchemaError? error = Check(schema, value, at, seen);
        scope.Pop();
        document = outer;
        return error;
    }

    /// <summary>The outermost document on the way here that has the anchor wins.</summary>
    private SchemaError? FollowDynamic(string reference, object? value, string at, Evaluated seen)
    {
        string anchor = reference.TrimStart('#');
        foreach (SchemaDocument candidate in scope.Reverse())
        {
            if (candidate.DynamicAnchor(anchor) is { } schema)
            {
                return Within(candidate, schema, value, at, seen);
            }
        }

        return Follow(reference, value, at, seen);
    }

    private SchemaError? Basic(GoMap rules, object? value, string at)
    {
        string type = SchemaText.TypeOf(value);
        string[] wanted = rules["type"] switch { string one => [one], GoSlice many => [.. many.Items.OfType<string>()], _ => [] };
        bool whole = type == "number" && SchemaText.Number(value) is { } n && n == Math.Truncate(n);
        if (wanted.Length > 0 && !wanted.Contains(type) && !(whole && wanted.Contains("integer")))
        {
            return Error(at, $"got {type}, want {string.Join(" or ", wanted)}");
        }

        if (rules.Contains("const") && document.Draft > 4 && !SchemaText.Equal(rules["const"], value))
        {
            return Error(at, rules["const"] is GoMap or GoSlice ? "'const' failed" : "value must be " + SchemaText.Shown(rules["const"]));
        }

        if (rules["enum"] is GoSlice allowed && !allowed.Items.Any(a => SchemaText.Equal(a, value)))
        {
            return Error(at, allowed.Items.Any(a => a is GoMap or GoSlice) ? "'enum' failed"
                : (allowed.Count == 1 ? "value must be " : "value must be one of ") + string.Join(", ", allowed.Items.Select(SchemaText.Shown)));
        }

        return document.Draft < 2019 && rules["format"] is string format && value is string text && SchemaFormats.Fault(format, text) is { } fault
            ? Error(at, $"{SchemaText.Quote(text)} is not valid {format}: {fault}")
            : null;
    }

    private bool Fits(object? schema, object? value, string at, Evaluated seen)
    {
        var own = new Evaluated();
        if (Check(schema, value, at, own) is not null)
        {
            return false;
        }

        seen.Add(own);
        return true;
    }

    private void Combined(GoMap rules, object? value, string at, Evaluated seen, List<SchemaError> found)
    {
        if (rules.Contains("not") && Check(rules["not"], value, at, new Evaluated()) is null)
        {
            found.Add(Error(at, "'not' failed"));
        }

        if (rules["allOf"] is GoSlice all)
        {
            SchemaError[] errors = [.. all.Items.Select(s => Check(s, value, at, seen)).OfType<SchemaError>()];
            if (errors.Length > 0)
            {
                found.Add(Error(at, "'allOf' failed", errors));
            }
        }

        if (rules["anyOf"] is GoSlice any)
        {
            Any(any, value, at, seen, found);
        }

        if (rules["oneOf"] is GoSlice one)
        {
            One(one, value, at, seen, found);
        }

        if (rules.Contains("if") && document.Draft >= 7)
        {
            string branch = Fits(rules["if"], value, at, seen) ? "then" : "else";
            if (rules.Contains(branch))
            {
                Add(found, Check(rules[branch], value, at, seen));
            }
        }
    }

    private void Any(GoSlice schemas, object? value, string at, Evaluated seen, List<SchemaError> found)
    {
        var errors = new List<SchemaError>();
        foreach (object? schema in schemas.Items)
        {
            var own = new Evaluated();
            if (Check(schema, value, at, own) is { } error)
            {
                errors.Add(error);
            }
            else
            {
                seen.Add(own);
            }
        }

        if (errors.Count == schemas.Count)
        {
            found.Add(Error(at, "'anyOf' failed", errors));
        }
    }

    private void One(GoSlice schemas, object? value, string at, Evaluated seen, List<SchemaError> found)
    {
        var errors = new List<SchemaError>();
        var matched = new List<int>();
        for (int i = 0; i < schemas.Count && matched.Count < 2; i++)
        {
            var own = new Evaluated();
            if (Check(schemas.Items[i], value, at, own) is { } error)
            {
                errors.Add(error);
            }
            else
            {
                matched.Add(i);
                seen.Add(own);
            }
        }

        if (matched.Count == 0)
        {
            found.Add(Error(at, "'oneOf' failed, none matched", errors));
        }
        else if (matched.Count == 2)
        {
            found.Add(Error(at, string.Create(CultureInfo.InvariantCulture, $"'oneOf' failed, subschemas {matched[0]}, {matched[1]} matched")));
        }
    }

    private void Unevaluated(GoMap rules, object? value, string at, Evaluated seen, List<SchemaError> found)
    {
        if (document.Draft < 2019)
        {
            return;
        }

        if (value is GoMap map && rules.Contains("unevaluatedProperties"))
        {
            foreach (string key in map.Keys.Where(k => !seen.Properties.Contains(k)).Order(StringComparer.Ordinal).ToArray())
            {
                Add(found, Check(rules["unevaluatedProperties"], map[key], $"{at}/{SchemaText.Part(key)}", new Evaluated()));
                seen.Properties.Add(key);
            }
        }

        if (value is GoSlice list && rules.Contains("unevaluatedItems"))
        {
            for (int i = 0; i < list.Count; i++)
            {
                if (seen.Items.Add(i))
                {
                    Add(found, Check(rules["unevaluatedItems"], list.Items[i], string.Create(CultureInfo.InvariantCulture, $"{at}/{i}"), new Evaluated()));
                }
            }
        }
    }
}
