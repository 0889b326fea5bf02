using System.Text.Json;

namespace Orrery.Machinery.OpenApi;

/// <summary>
/// The Swagger document in the protobuf form that kubectl asked for before OpenAPI v3 (gnostic's <c>openapiv2/OpenAPIv2.proto</c>,
/// whose field numbers these are). Made out of the JSON, which has everything.
/// </summary>
public static class SwaggerProtobuf
{
    public const string MediaType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    /// <summary>What clients ask for it under.</summary>
    public const string OldMediaType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

    /// <param name="swagger">The document as <see cref="SwaggerDocument.Write"/> makes it.</param>
    public static byte[] From(ReadOnlyMemory<byte> swagger)
    {
        using var document = JsonDocument.Parse(swagger, Api.KubeJson.DocumentOptions);
        JsonElement root = document.RootElement;
        var to = new ProtobufWriter();
        to.Text(1, root, "swagger");
        to.Message(2, root, "info", static (m, info) =>
        {
            m.Text(1, info, "title");
            m.Text(2, info, "version");
        });
        to.Message(8, root, "paths", static (m, paths) => m.Named(2, paths, Path));
        to.Message(9, root, "definitions", static (m, definitions) => m.Named(1, definitions, Schema));
        return to.ToArray();
    }

    private static void Path(ProtobufWriter to, JsonElement path)
    {
        foreach ((int number, string method) in (ReadOnlySpan<(int, string)>)[(2, "get"), (3, "put"), (4, "post"), (5, "delete"), (6, "options"), (7, "head"), (8, "patch")])
        {
            to.Message(number, path, method, Operation);
        }

        to.Each(9, path, "parameters", Parameter);
    }

    private static void Operation(ProtobufWriter to, JsonElement operation)
    {
        to.Texts(1, operation, "tags");
        to.Text(3, operation, "description");
        to.Text(5, operation, "operationId");
        to.Texts(6, operation, "produces");
        to.Texts(7, operation, "consumes");
        to.Each(8, operation, "parameters", Parameter);
        to.Message(9, operation, "responses", static (m, responses) => m.Named(1, responses, static (value, response) => value.Message(1, response, Response)));
        to.Extensions(13, operation);
    }

    private static void Response(ProtobufWriter to, JsonElement response)
    {
        to.Text(1, response, "description");
        to.Message(2, response, "schema", static (m, schema) => m.Message(1, schema, Schema));
    }

    /// <summary>ParametersItem: a parameter of the body, of the query or of the path.</summary>
    private static void Parameter(ProtobufWriter to, JsonElement item) => to.Message(1, item, static (parameter, json) =>
    {
        string place = json.GetProperty("in").GetString()!;
        if (place == "body")
        {
            parameter.Message(1, json, static (body, of) =>
            {
                body.Text(1, of, "description");
                body.Text(2, of, "name");
                body.Text(3, of, "in");
                body.Flag(4, of, "required");
                body.Message(5, of, "schema", Schema);
            });
            return;
        }

        bool isQuery = place == "query";
        parameter.Message(2, json, (other, of) => other.Message(isQuery ? 3 : 4, of, (m, values) =>
        {
            m.Flag(1, values, "required");
            m.Text(2, values, "in");
            m.Text(3, values, "description");
            m.Text(4, values, "name");
            m.Text(isQuery ? 6 : 5, values, "type");
            m.Text(isQuery ? 7 : 6, values, "format");
            m.Flag(isQuery ? 20 : 19, values, "uniqueItems");
        }));
    });

    private static void Schema(ProtobufWriter to, JsonElement schema)
    {
        to.Text(1, schema, "$ref");
        to.Text(2, schema, "format");
        to.Text(3, schema, "title");
        to.Text(4, schema, "description");
        to.Any(5, schema, "default");
        to.Real(6, schema, "multipleOf");
        to.Real(7, schema, "maximum");
        to.Flag(8, schema, "exclusiveMaximum");
        to.Real(9, schema, "minimum");
        to.Flag(10, schema, "exclusiveMinimum");
        to.Number(11, schema, "maxLength");
        to.Number(12, schema, "minLength");
        to.Text(13, schema, "pattern");
        to.Number(14, schema, "maxItems");
        to.Number(15, schema, "minItems");
        to.Flag(16, schema, "uniqueItems");
        to.Number(17, schema, "maxProperties");
        to.Number(18, schema, "minProperties");
        to.Texts(19, schema, "required");
        to.Anys(20, schema, "enum");
        if (schema.TryGetProperty("additionalProperties", out JsonElement values))
        {
            to.Message(21, values, static (m, of) =>
            {
                if (of.ValueKind == JsonValueKind.Object)
                {
                    m.Message(1, of, Schema);
                }
                else
                {
                    m.Flag(2, of.GetBoolean(), chosen: true);
                }
            });
        }

        if (schema.TryGetProperty("type", out JsonElement type))
        {
            to.Message(22, type, static (m, of) => m.Text(1, of.GetString()!));
        }

        to.Message(23, schema, "items", static (m, items) => m.Message(1, items, Schema));
        to.Each(24, schema, "allOf", Schema);
        to.Message(25, schema, "properties", static (m, properties) => m.Named(1, properties, Schema));
        to.Extensions(31, schema);
    }
}
