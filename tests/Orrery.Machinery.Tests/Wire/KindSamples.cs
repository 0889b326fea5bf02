using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Wire;

/// <summary>Objects of the built-in kinds with every field set, made from the kinds' schemas. Nobody asks whether they are valid.</summary>
internal sealed class KindSamples(int seed)
{
    private const string Machinery = "io.k8s.apimachinery.pkg.";
    private const string Extensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.";

    private readonly Random random = new(seed);
    private int texts;

    public JsonObject Of(GroupVersionKind kind)
    {
        JsonObject json = (JsonObject)Value(BuiltinTypes.Instance.Find(kind)!, [])!;
        json["apiVersion"] = kind.ApiVersion;
        json["kind"] = kind.Kind;
        return Shuffled(json);
    }

    /// <param name="within">The types around it: schemas of definitions hold schemas.</param>
    private JsonNode? Value(Schema schema, string[] within)
    {
        switch (schema.Name)
        {
            case Machinery + "api.resource.Quantity":
                return new[] { "100m", "1Gi", "3" }[random.Next(3)];
            case Machinery + "apis.meta.v1.Time":
                return "2024-01-02T03:04:05Z";
            case Machinery + "apis.meta.v1.MicroTime":
                return "2024-01-02T03:04:05.678901Z";
            case Machinery + "util.intstr.IntOrString":
                return random.Next(2) == 0 ? random.Next(1, 70000) : "25%";
            case Machinery + "runtime.RawExtension" or Machinery + "apis.meta.v1.FieldsV1":
                return new JsonObject { ["f:a"] = new JsonObject { ["k:{\"name\":\"ü\"}"] = new JsonArray(1, "x", null) } };
            case Extensions + "JSON":
                return new JsonArray(1, "x");
            case Extensions + "JSONSchemaPropsOrArray":
                return random.Next(2) == 0 ? Schemas(within) : new JsonArray(Schemas(within), Schemas(within));
            case Extensions + "JSONSchemaPropsOrBool":
                return random.Next(2) == 0 ? Schemas(within) : true;
            case Extensions + "JSONSchemaPropsOrStringArray":
                return random.Next(2) == 0 ? Schemas(within) : new JsonArray("x", "y");
        }

        return schema.Type switch
        {
            SchemaType.String => schema.Format == "byte" ? Convert.ToBase64String([0, 255, .. BitConverter.GetBytes(random.Next())]) : Text(),
            SchemaType.Boolean => true,
            SchemaType.Integer => schema.Format == "int64" ? random.NextInt64(long.MinValue, long.MaxValue) : random.Next(int.MinValue, int.MaxValue),
            SchemaType.Number => Math.Round(random.NextDouble() * 1000, 3) + 1,
            SchemaType.Array => Array(schema.Items!, within),
            _ => Object(schema, within),
        };
    }

    private JsonArray Array(Schema items, string[] within) => [.. Enumerable.Range(0, 1 + random.Next(2)).Select(_ => Value(items, within)).Where(v => v is not null)];

    private JsonNode? Object(Schema schema, string[] within)
    {
        if (schema.AdditionalProperties is { } values)
        {
            var map = new JsonObject();
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                if (Value(values, within) is { } value)
                {
                    map[Text()] = value;
                }
            }

            return map;
        }

        // A schema within a schema once: what it may hold goes on without end.
        if (schema.Name is { } name && within.Count(n => n == name) > 1)
        {
            return null;
        }

        var json = new JsonObject();
        bool isNested = within.Length > 0 && (schema.Properties.ContainsKey("metadata") || schema.Name == Machinery + "apis.meta.v1.DeleteOptions");
        foreach ((string member, Schema property) in schema.Properties)
        {
            // No message has the type of an object that stands in another, such as an item of a list.
            if (!(isNested && member is ("apiVersion" or "kind")) && Value(property, schema.Name is null ? within : [.. within, schema.Name]) is { } value)
            {
                json[member] = value;
            }
        }

        return Shuffled(json);
    }

    private JsonNode Schemas(string[] within) => Value(BuiltinTypes.Instance.FindByName(Extensions + "JSONSchemaProps")!, within) ?? new JsonObject { ["type"] = "string" };

    private string Text() => new[] { "plain", "mit \"Zeichen\"", "ü\n\t", "a/b", "z\u0001" }[random.Next(5)] + texts++;

    /// <summary>Clients write members in any order.</summary>
    private JsonObject Shuffled(JsonObject json)
    {
        KeyValuePair<string, JsonNode?>[] members = [.. json];
        json.Clear();
        random.Shuffle(members);
        return new JsonObject(members);
    }
}
