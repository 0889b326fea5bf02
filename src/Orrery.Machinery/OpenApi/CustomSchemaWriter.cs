using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.OpenApi;

/// <summary>Publishes a custom kind and its list, from the author's own schema (apiextensions <c>pkg/controller/openapi/builder</c>).</summary>
internal sealed class CustomSchemaWriter(Utf8JsonWriter writer, SchemaDialect dialect, BuiltinSchemaWriter builtin)
{
    /// <summary>What Swagger 2 has no word for, and what kubectl's readers of it trip over.</summary>
    private static readonly FrozenSet<string> OnlyInV3 = FrozenSet.ToFrozenSet(["nullable", "oneOf", "anyOf", "not", "allOf", "default", "x-kubernetes-validations"], StringComparer.Ordinal);

    public void WriteKind(string name, GroupVersionKind kind, JsonObject source)
    {
        writer.WriteStartObject(name);
        if (dialect == SchemaDialect.V2 && source["x-kubernetes-preserve-unknown-fields"] is not null)
        {
            // kubectl would take what is named here for all that there may be.
            writer.WriteString("type", "object");
        }
        else
        {
            foreach ((string member, JsonNode? value) in source)
            {
                if (member != "properties" && IsTold(member))
                {
                    writer.WritePropertyName(member);
                    Node(value, isSchema: member is "additionalProperties" or "items");
                }
            }

            writer.WriteStartObject("properties");
            Text("apiVersion");
            Text("kind");
            writer.WritePropertyName("metadata");
            Metadata(TypeNames.ObjectMeta);
            foreach ((string member, JsonNode? value) in source["properties"] as JsonObject ?? [])
            {
                if (member is not ("apiVersion" or "kind" or "metadata"))
                {
                    writer.WritePropertyName(member);
                    Node(value, isSchema: true);
                }
            }

            writer.WriteEndObject();
        }

        builtin.WriteKinds([kind]);
        writer.WriteEndObject();
    }

    public void WriteList(string name, string listName, GroupVersionKind listKind)
    {
        writer.WriteStartObject(listName);
        writer.WriteString("type", "object");
        writer.WriteStartArray("required");
        writer.WriteStringValue("items");
        writer.WriteEndArray();
        writer.WriteStartObject("properties");
        Text("apiVersion");
        writer.WriteStartObject("items");
        writer.WriteString("type", "array");
        writer.WriteStartObject("items");
        writer.WriteString("$ref", BuiltinSchemaWriter.Reference(dialect, name));
        writer.WriteEndObject();
        writer.WriteEndObject();
        Text("kind");
        writer.WritePropertyName("metadata");
        Metadata(TypeNames.ListMeta);
        writer.WriteEndObject();
        builtin.WriteKinds([listKind]);
        writer.WriteEndObject();
    }

    private void Metadata(string type)
    {
        if (dialect == SchemaDialect.V2)
        {
            builtin.WriteReference(type);
            return;
        }

        writer.WriteStartObject();
        builtin.DescribeOfAnyKind("metadata");
        writer.WriteStartArray("allOf");
        builtin.WriteReference(type);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private void Text(string name)
    {
        writer.WriteStartObject(name);
        builtin.DescribeOfAnyKind(name);
        writer.WriteString("type", "string");
        writer.WriteEndObject();
    }

    /// <param name="isSchema">Whether an object's members are keywords, and not names of properties or data.</param>
    private void Node(JsonNode? node, bool isSchema)
    {
        if (node is not JsonObject json || !isSchema)
        {
            if (node is null)
            {
                writer.WriteNullValue();
            }
            else
            {
                node.WriteTo(writer);
            }

            return;
        }

        writer.WriteStartObject();
        if (dialect == SchemaDialect.V2 && json["x-kubernetes-preserve-unknown-fields"] is not null)
        {
            // kubectl would refuse members that the schema does not name; without a type it lets all pass.
            writer.WriteBoolean("x-kubernetes-preserve-unknown-fields", true);
            writer.WriteEndObject();
            return;
        }

        foreach ((string member, JsonNode? value) in json.Where(m => IsTold(m.Key)))
        {
            writer.WritePropertyName(member);
            if (member == "properties" && value is JsonObject properties)
            {
                writer.WriteStartObject();
                foreach ((string name, JsonNode? property) in properties)
                {
                    writer.WritePropertyName(name);
                    Node(property, isSchema: true);
                }

                writer.WriteEndObject();
            }
            else
            {
                Node(value, isSchema: member is "additionalProperties" or "items");
            }
        }

        writer.WriteEndObject();
    }

    private bool IsTold(string keyword) => dialect == SchemaDialect.V3 || !OnlyInV3.Contains(keyword);
}
