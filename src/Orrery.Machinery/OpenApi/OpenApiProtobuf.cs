using System.Text.Json;

namespace Orrery.Machinery.OpenApi;

/// <summary>
/// A document of OpenAPI v3 in the protobuf form that some clients ask for (gnostic's <c>openapiv3/OpenAPIv3.proto</c>, whose field numbers these are).
/// Made out of the JSON, which has everything.
/// </summary>
public static class OpenApiProtobuf
{
    public const string MediaType = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";

    /// <summary>What clients ask for it under.</summary>
    public const string OldMediaType = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";

    /// <param name="openApi">The document of one group and version, or of one path.</param>
    public static byte[] From(ReadOnlyMemory<byte> openApi)
    {
        using var document = JsonDocument.Parse(openApi, Api.KubeJson.DocumentOptions);
        JsonElement root = document.RootElement;
        var to = new ProtobufWriter();
        to.Text(1, root, "openapi");
        to.Message(2, root, "info", static (m, info) =>
        {
            m.Text(1, info, "title");
            m.Text(6, info, "version");
        });
        to.Message(4, root, "paths", static (m, paths) => m.Named(1, paths, Path));
        to.Message(5, root, "components", static (m, components) =>
        {
            m.Message(1, components, "schemas", static (all, schemas) => all.Named(1, schemas, SchemaOrReference));
            m.Message(7, components, "securitySchemes", static (all, schemes) => all.Named(1, schemes, static (or, scheme) => or.Message(1, scheme, SecurityScheme)));
        });
        return to.ToArray();
    }

    private static void Path(ProtobufWriter to, JsonElement path)
    {
        foreach ((int number, string method) in (ReadOnlySpan<(int, string)>)
            [(4, "get"), (5, "put"), (6, "post"), (7, "delete"), (8, "options"), (9, "head"), (10, "patch")])
        {
            to.Message(number, path, method, Operation);
        }

        to.Each(13, path, "parameters", Parameter);
    }

    private static void Operation(ProtobufWriter to, JsonElement operation)
    {
        to.Texts(1, operation, "tags");
        to.Text(3, operation, "description");
        to.Text(5, operation, "operationId");
        to.Each(6, operation, "parameters", Parameter);
        to.Message(7, operation, "requestBody", static (or, body) => or.Message(1, body, static (m, of) =>
        {
            Content(m, 2, of);
            m.Flag(3, of, "required");
        }));
        to.Message(8, operation, "responses", static (m, responses) => m.Named(2, responses, static (or, response) => or.Message(1, response, static (one, of) =>
        {
            one.Text(1, of, "description");
            Content(one, 3, of);
        })));
        to.Extensions(13, operation);
    }

    private static void Content(ProtobufWriter to, int number, JsonElement of) =>
        to.Message(number, of, "content", static (m, content) => m.Named(1, content, static (media, value) => media.Message(1, value, "schema", SchemaOrReference)));

    private static void Parameter(ProtobufWriter to, JsonElement item) => to.Message(1, item, static (parameter, of) =>
    {
        parameter.Text(1, of, "name");
        parameter.Text(2, of, "in");
        parameter.Text(3, of, "description");
        parameter.Flag(4, of, "required");
        parameter.Message(10, of, "schema", SchemaOrReference);
    });

    private static void SecurityScheme(ProtobufWriter to, JsonElement scheme)
    {
        to.Text(1, scheme, "type");
        to.Text(2, scheme, "description");
        to.Text(3, scheme, "name");
        to.Text(4, scheme, "in");
    }

    private static void SchemaOrReference(ProtobufWriter to, JsonElement schema)
    {
        if (schema.TryGetProperty("$ref", out _))
        {
            to.Message(2, schema, static (reference, of) =>
            {
                reference.Text(1, of, "$ref");
                reference.Text(3, of, "description");
            });
            return;
        }

        to.Message(1, schema, Schema);
    }

    private static void Schema(ProtobufWriter to, JsonElement schema)
    {
        to.Flag(1, schema, "nullable");
        to.Text(9, schema, "title");
        to.Real(10, schema, "multipleOf");
        to.Real(11, schema, "maximum");
        to.Flag(12, schema, "exclusiveMaximum");
        to.Real(13, schema, "minimum");
        to.Flag(14, schema, "exclusiveMinimum");
        to.Number(15, schema, "maxLength");
        to.Number(16, schema, "minLength");
        to.Text(17, schema, "pattern");
        to.Number(18, schema, "maxItems");
        to.Number(19, schema, "minItems");
        to.Flag(20, schema, "uniqueItems");
        to.Number(21, schema, "maxProperties");
        to.Number(22, schema, "minProperties");
        to.Texts(23, schema, "required");
        to.Anys(24, schema, "enum");
        to.Text(25, schema, "type");
        to.Each(26, schema, "allOf", SchemaOrReference);
        to.Each(27, schema, "oneOf", SchemaOrReference);
        to.Each(28, schema, "anyOf", SchemaOrReference);
        to.Message(29, schema, "not", Schema);
        to.Message(30, schema, "items", static (m, items) => m.Message(1, items, SchemaOrReference));
        to.Message(31, schema, "properties", static (m, properties) => m.Named(1, properties, SchemaOrReference));
        if (schema.TryGetProperty("additionalProperties", out JsonElement values))
        {
            to.Message(32, values, static (m, of) =>
            {
                if (of.ValueKind == JsonValueKind.Object)
                {
                    m.Message(1, of, SchemaOrReference);
                }
                else
                {
                    m.Flag(2, of.GetBoolean(), chosen: true);
                }
            });
        }

        if (schema.TryGetProperty("default", out JsonElement value))
        {
            to.Message(33, value, Default);
        }

        to.Text(34, schema, "description");
        to.Text(35, schema, "format");
        to.Extensions(36, schema);
    }

    /// <summary>The form knows numbers, truth values and texts only; of others it says that there is a default.</summary>
    private static void Default(ProtobufWriter to, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                to.Real(1, value.GetDouble(), chosen: true);
                break;
            case JsonValueKind.True or JsonValueKind.False:
                to.Flag(2, value.GetBoolean(), chosen: true);
                break;
            case JsonValueKind.String:
                to.Text(3, value.GetString()!, chosen: true);
                break;
        }
    }
}
