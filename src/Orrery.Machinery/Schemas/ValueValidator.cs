using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Schemas;

/// <summary>One value against one schema, in the words of kube-openapi. Paths stand in the texts too (<c>spec.x in body …</c>).</summary>
/// <param name="takesAnyIntOrString">Whether int-or-string is left unchecked, as upstream leaves it in defaults.</param>
internal sealed class ValueValidator(bool takesAnyIntOrString = false)
{
    /// <param name="old">The same value before an update, where one can be told: equal values are let pass.</param>
    public IEnumerable<FieldError> Validate(JsonNode? node, Schema schema, string path, JsonNode? old = null)
    {
        if (node is null ? schema.Nullable || IsFree(schema) : old is not null && JsonNode.DeepEquals(node, old))
        {
            return [];
        }

        var errors = new List<FieldError>();
        errors.AddRange(takesAnyIntOrString && schema is { IntOrString: true, Type: SchemaType.Any } && node is not null ? [] : TypeFaults(node, schema, path));
        if (node is null)
        {
            return errors;
        }

        if (schema.Enum.Count > 0 && !schema.Enum.Any(allowed => ListValidation.Canonical(allowed) == ListValidation.Canonical(node)))
        {
            errors.Add(FieldError.NotSupported(path, SortedJson.Of(node), schema.Enum.Select(Shown)));
        }

        errors.AddRange(node switch
        {
            JsonObject json => Members(json, schema, path, old as JsonObject),
            JsonArray array => Items(array, schema, path, old as JsonArray),
            _ => ScalarRules.Check(node, schema, path),
        });
        if (schema.Rules is { } rules)
        {
            errors.AddRange(Combinations(node, rules, path));
        }

        return errors;
    }

    /// <summary>A schema that asks for nothing takes null as well.</summary>
    private static bool IsFree(Schema schema) => schema is { Type: SchemaType.Any, IntOrString: false };

    private static IEnumerable<FieldError> TypeFaults(JsonNode? node, Schema schema, string path)
    {
        string given = TypeName(node);
        string wanted = schema.IntOrString ? "integer,string" : schema.Type.ToString().ToLowerInvariant();
        bool fits = schema.Type switch
        {
            SchemaType.Any => !schema.IntOrString || given is "integer" or "string",
            SchemaType.Number => given is "integer" or "number",
            SchemaType.Integer => given is "integer",
            _ => given == wanted,
        };

        // A text or list whose schema has a format is left to the format, which looks at texts alone.
        if (fits || (schema is { Format: not null, Type: not (SchemaType.Number or SchemaType.Integer) } && given is "string" or "array"))
        {
            yield break;
        }

        // Go's number format stands in for the type, on both sides, unless the value is a string or a list.
        bool byFormat = schema.Format is not null && given is not ("string" or "array" or "null");
        string type = byFormat ? schema.Format! : wanted;
        string value = byFormat ? given switch { "number" => "float64", "integer" => "int64", _ => "" } : given;
        yield return FieldError.TypeInvalid(path, value, $"{path} in body must be of type {type}: \"{value}\"");
    }

    private IEnumerable<FieldError> Members(JsonObject json, Schema schema, string path, JsonObject? old)
    {
        foreach (string required in schema.Required.Where(r => !json.ContainsKey(r)))
        {
            yield return FieldError.Required(Child(path, required));
        }

        if (schema.Rules is { } rules)
        {
            if (rules.MaxProperties is { } max && json.Count > max)
            {
                yield return FieldError.TooMany(path, json.Count, (int)max);
            }

            if (rules.MinProperties is { } min && json.Count < min)
            {
                yield return FieldError.Invalid(path, json.Count, string.Create(CultureInfo.InvariantCulture, $"{path} in body should have at least {min} properties"));
            }
        }

        // In the author's order of members, which does not change with how a client writes its object.
        IEnumerable<string> names = schema.Properties.Count == 0 ? json.Select(m => m.Key) : schema.Properties.Keys.Where(json.ContainsKey).Concat(json.Select(m => m.Key).Where(n => !schema.Properties.ContainsKey(n)));
        foreach (string name in names)
        {
            JsonNode? value = json[name];
            if (schema.Properties.TryGetValue(name, out Schema? member) || (member = schema.AdditionalProperties) is not null)
            {
                // Typed metadata was decoded as such; only what the author asks of names is left to check.
                // Upstream puts a dot before the name of an entry, even where nothing stands before it.
                IEnumerable<FieldError> below = member.Name is null
                    ? Validate(value, member, ReferenceEquals(member, schema.AdditionalProperties) ? $"{path}.{name}" : Child(path, name), old?[name])
                    : MetadataFaults(value, member, Child(path, name), old?[name]);
                foreach (FieldError error in below)
                {
                    yield return error;
                }
            }
        }
    }

    private IEnumerable<FieldError> MetadataFaults(JsonNode? value, Schema schema, string path, JsonNode? old) =>
        value is not JsonObject metadata ? [] : ((string[])["name", "generateName"])
            .Where(name => metadata[name] is not null && schema.Properties[name].Rules is not null)
            .SelectMany(name => Validate(metadata[name], schema.Properties[name], Child(path, name), (old as JsonObject)?[name]));

    private IEnumerable<FieldError> Items(JsonArray array, Schema schema, string path, JsonArray? old)
    {
        if (schema.Rules is { } rules)
        {
            if (rules.MaxItems is { } max && array.Count > max)
            {
                yield return FieldError.TooMany(path, array.Count, (int)max);
            }

            if (rules.MinItems is { } min && array.Count < min)
            {
                yield return FieldError.Invalid(path, array.Count, string.Create(CultureInfo.InvariantCulture, $"{path} in body should have at least {min} items"));
            }

            if (rules.UniqueItems && array.Select(ListValidation.Canonical).Distinct(StringComparer.Ordinal).Count() < array.Count)
            {
                yield return FieldError.Invalid(path, SortedJson.Of(array), $"{path} in body shouldn't contain duplicates");
            }
        }

        if (schema.Items is not { } items)
        {
            yield break;
        }

        var before = new CorrelatedItems(schema, old);
        for (int i = 0; i < array.Count; i++)
        {
            foreach (FieldError error in Validate(array[i], items, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), before.Of(array[i])))
            {
                yield return error;
            }
        }
    }

    private IEnumerable<FieldError> Combinations(JsonNode node, ValueRules rules, string path)
    {
        var errors = new List<FieldError>();
        if (rules.AnyOf.Count > 0)
        {
            FieldError[][] tried = [.. rules.AnyOf.Select(s => Validate(node, s, path).ToArray())];
            if (tried.All(t => t.Length > 0))
            {
                errors.Add(Composite($"\"{path}\" must validate at least one schema (anyOf)"));
                errors.AddRange(tried[0]);
            }
        }

        if (rules.OneOf.Count > 0)
        {
            FieldError[][] tried = [.. rules.OneOf.Select(s => Validate(node, s, path).ToArray())];
            int valid = tried.Count(t => t.Length == 0);
            if (valid != 1)
            {
                errors.Add(Composite(string.Create(CultureInfo.InvariantCulture, $"\"{path}\" must validate one and only one schema (oneOf). {(valid == 0 ? "Found none valid" : $"Found {valid} valid alternatives")}")));
                errors.AddRange(valid == 0 ? tried[0] : []);
            }
        }

        if (rules.AllOf.Count > 0)
        {
            FieldError[][] tried = [.. rules.AllOf.Select(s => Validate(node, s, path).ToArray())];
            int valid = tried.Count(t => t.Length == 0);
            if (valid != tried.Length)
            {
                errors.AddRange(tried.SelectMany(t => t));
                errors.Add(Composite($"\"{path}\" must validate all the schemas (allOf){(valid == 0 ? ". None validated" : "")}"));
            }
        }

        if (rules.Not is { } not && !Validate(node, not, path).Any())
        {
            errors.Add(Composite($"\"{path}\" must not validate the schema (not)"));
        }

        return errors;
    }

    /// <summary>Faults of combinators carry no field upstream.</summary>
    private static FieldError Composite(string text) => FieldError.Invalid("<nil>", "", text);

    private static string TypeName(JsonNode? node) => node?.GetValueKind() switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Number => node!.AsDouble() is double d && Math.Truncate(d) == d ? "integer" : "number",
        _ => "null",
    };

    private static string Shown(JsonNode? value) => value?.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : value?.ToJsonString() ?? "null";

    private static string Child(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
