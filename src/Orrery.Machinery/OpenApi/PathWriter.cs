using System.Text.Json;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.OpenApi;

/// <summary>Writes paths in either dialect.</summary>
internal sealed class PathWriter(Utf8JsonWriter writer, SchemaDialect dialect, BuiltinSchemaWriter schemas, string tag)
{
    private static readonly string[] Json = ["application/json"];
    private static readonly string[] BuiltinPatches = ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"];
    private static readonly string[] CustomPatches = ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"];

    /// <param name="custom">A custom kind takes no strategic merge.</param>
    public void Write(PathItem item, bool custom)
    {
        writer.WriteStartObject(item.Path);
        foreach (Operation operation in item.Operations)
        {
            writer.WriteStartObject(operation.Method);
            Write(operation, custom);
            writer.WriteEndObject();
        }

        if (item.PathParameters.Any())
        {
            writer.WriteStartArray("parameters");
            foreach (string name in item.PathParameters)
            {
                Parameter(name, "path", required: true);
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    /// <summary>A path that answers what is served below it.</summary>
    public void WriteDiscovery(string path, string id, string? answer)
    {
        writer.WriteStartObject(path);
        writer.WriteStartObject("get");
        Head(id);
        Responses(answer, watch: false);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void Write(Operation operation, bool custom)
    {
        Head(operation.Id);
        string[] accepted = operation.Action == "patch" ? custom ? CustomPatches : BuiltinPatches : ["*/*"];
        if (dialect == SchemaDialect.V2)
        {
            Strings("consumes", accepted);
            Strings("produces", Json);
        }

        writer.WriteStartArray("parameters");
        if (dialect == SchemaDialect.V2 && operation.Body is { } body)
        {
            writer.WriteStartObject();
            writer.WriteString("name", "body");
            writer.WriteString("in", "body");
            writer.WriteBoolean("required", operation.Method != "delete");
            writer.WritePropertyName("schema");
            Reference(body);
            writer.WriteEndObject();
        }

        foreach (string name in operation.Parameters)
        {
            Parameter(name, "query", required: false);
        }

        writer.WriteEndArray();
        if (dialect == SchemaDialect.V3 && operation.Body is { } content)
        {
            writer.WriteStartObject("requestBody");
            Content(accepted, content);
            if (operation.Method != "delete")
            {
                writer.WriteBoolean("required", true);
            }

            writer.WriteEndObject();
        }

        Responses(operation.Answer, operation.Action == "list");
        writer.WriteString("x-kubernetes-action", operation.Action);
        GroupVersionKind kind = operation.Kind;
        writer.WriteStartObject("x-kubernetes-group-version-kind");
        writer.WriteString("group", kind.Group);
        writer.WriteString("version", kind.Version);
        writer.WriteString("kind", kind.Kind);
        writer.WriteEndObject();
    }

    private void Head(string id)
    {
        Strings("tags", [tag]);
        writer.WriteString("operationId", id);
    }

    private void Parameter(string name, string place, bool required)
    {
        writer.WriteStartObject();
        writer.WriteString("name", name);
        writer.WriteString("in", place);
        if (required)
        {
            writer.WriteBoolean("required", true);
        }

        if (dialect == SchemaDialect.V3)
        {
            writer.WriteStartObject("schema");
        }

        writer.WriteString("type", Operation.TypeOf(name));
        writer.WriteBoolean("uniqueItems", true);
        if (dialect == SchemaDialect.V3)
        {
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private void Responses(string? answer, bool watch)
    {
        writer.WriteStartObject("responses");
        writer.WriteStartObject("200");
        writer.WriteString("description", "OK");
        if (answer is not null && dialect == SchemaDialect.V3)
        {
            Content(watch ? ["application/json", "application/json;stream=watch"] : Json, answer);
        }
        else if (answer is not null)
        {
            writer.WritePropertyName("schema");
            Reference(answer);
        }

        writer.WriteEndObject();
        writer.WriteStartObject("401");
        writer.WriteString("description", "Unauthorized");
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private void Content(string[] types, string schema)
    {
        writer.WriteStartObject("content");
        foreach (string type in types)
        {
            writer.WriteStartObject(type);
            writer.WritePropertyName("schema");
            Reference(schema);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private void Reference(string type)
    {
        if (BuiltinTypes.Instance.FindByName(type) is not null)
        {
            schemas.WriteReference(type);
            return;
        }

        writer.WriteStartObject();
        writer.WriteString("$ref", BuiltinSchemaWriter.Reference(dialect, type));
        writer.WriteEndObject();
    }

    private void Strings(string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (string value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }
}
