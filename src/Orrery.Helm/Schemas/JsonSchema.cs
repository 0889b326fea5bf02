using Orrery.Helm.Go;

namespace Orrery.Helm.Schemas;

/// <summary>Checks values against a JSON schema of draft 4 to 2020-12, with the messages of the validator that Helm uses.</summary>
internal static class JsonSchema
{
    private const string Name = "file:///values.schema.json";

    /// <summary>What Helm says of values that do not fit, or of a schema that is none; null when all is well.</summary>
    public static string? Check(string schema, object? values)
    {
        object? root;
        try
        {
            root = GoJson.Read(schema);
        }
        catch (GoException e)
        {
            return e.Message == "unexpected end of JSON input" ? (schema.AsSpan().Trim().IsEmpty ? "EOF" : "unexpected EOF") : e.Message;
        }

        try
        {
            var document = new SchemaDocument(Name, root);
            if (SchemaDocument.Meta(document.DraftUrl) is not { } meta)
            {
                return $"failing loading {GoQuote.Quote(document.DraftUrl)}: no such draft of JSON schema is known";
            }

            if (new SchemaValidator(meta).Check(root) is { } wrong)
            {
                return $"\"{Name}#\" is not valid against metaschema: jsonschema validation failed with '{document.DraftUrl}#'{SchemaError.Lines(wrong)}";
            }

            return new SchemaValidator(document).Check(values) is { } error ? SchemaError.Lines(error).TrimStart('\n') + "\n" : null;
        }
        catch (GoException e)
        {
            return e.Message;
        }
        catch (InsufficientExecutionStackException)
        {
            return "schema refers to itself without end";
        }
    }
}
