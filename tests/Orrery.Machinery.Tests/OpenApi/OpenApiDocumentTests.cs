using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.OpenApi;
using Orrery.Machinery.Schemas;
using Orrery.Machinery.Tests.Schemas;

namespace Orrery.Machinery.Tests.OpenApi;

public sealed class OpenApiDocumentTests
{
    private static readonly OpenApiGroupVersion[] Builtin = [.. BuiltinTypes.Instance.Resources
        .GroupBy(r => (r.Resource.Group, r.Resource.Version))
        .Select(g => new OpenApiGroupVersion(g.Key.Group, g.Key.Version, [.. g.Select(OpenApiResource.From)]))];

    [Fact]
    public void Document_RecordedGroupVersion_HasTheSameSchemas()
    {
        JsonObject recorded = Transcripts.Scenario("types.json", "openapi-documents")[1].Answer();
        JsonObject ours = Parse(Builtin.Single(d => d.Group == "coordination.k8s.io"));
        JsonObject wanted = Bare(recorded["components"]!).AsObject();
        JsonObject got = Bare(ours["components"]!).AsObject();
        Assert.Equal(Keys(wanted["schemas"]), Keys(got["schemas"]));
        foreach ((string name, JsonNode? schema) in wanted["schemas"]!.AsObject())
        {
            Assert.True(JsonNode.DeepEquals(schema, got["schemas"]![name]), $"{name}: {got["schemas"]![name]!.ToJsonString()}, want {schema!.ToJsonString()}");
        }

        Assert.True(JsonNode.DeepEquals(wanted, got), got.ToJsonString());
        // The paths for watching by path are old and unused; all others are there.
        Assert.Equal(recorded["paths"]!.AsObject().Select(p => p.Key).Where(p => !p.Contains("/watch/", StringComparison.Ordinal)).Order(StringComparer.Ordinal), Keys(ours["paths"]));
    }

    [Fact]
    public void Document_RecordedGroupVersion_HasTheSameOperations()
    {
        JsonObject recorded = Transcripts.Scenario("types.json", "openapi-documents")[1].Answer();
        JsonObject ours = Parse(Builtin.Single(d => d.Group == "coordination.k8s.io"));
        int compared = 0;
        foreach ((string path, JsonNode? item) in ours["paths"]!.AsObject())
        {
            foreach ((string method, JsonNode? operation) in item!.AsObject().Where(m => m.Key != "parameters"))
            {
                JsonNode wanted = recorded["paths"]![path]![method]!;
                Assert.Equal((string?)wanted["operationId"], (string?)operation!["operationId"]);
                Assert.Equal((string?)wanted["x-kubernetes-action"], (string?)operation["x-kubernetes-action"]);
                Assert.True(JsonNode.DeepEquals(wanted["x-kubernetes-group-version-kind"], operation["x-kubernetes-group-version-kind"]), path);
                Assert.Equal(Keys(wanted["requestBody"]?["content"]), Keys(operation["requestBody"]?["content"]));
                Assert.Equal(
                    wanted["responses"]!["200"]!["content"]!["application/json"]!.ToJsonString(),
                    operation["responses"]!["200"]!["content"]!["application/json"]!.ToJsonString());
                compared++;
            }
        }

        Assert.Equal(9, compared);
    }

    [Fact]
    public void Document_EveryBuiltinGroupVersion_HoldsEachTypeThatItRefersTo()
    {
        foreach (OpenApiGroupVersion document in Builtin)
        {
            JsonObject json = Parse(document);
            HashSet<string> schemas = [.. json["components"]!["schemas"]!.AsObject().Select(s => s.Key)];
            Assert.All(References(json), r => Assert.Contains(r["#/components/schemas/".Length..], schemas));
            Assert.All(document.Resources.Where(r => r.Verbs.Contains("list")), r => Assert.Contains(
                json["paths"]!.AsObject(),
                p => p.Value!["get"]?["x-kubernetes-action"]?.GetValue<string>() == "list" && p.Value["get"]!["x-kubernetes-group-version-kind"]!["kind"]!.GetValue<string>() == r.Kind));
        }

        Assert.Equal(22, Builtin.Length);
    }

    [Fact]
    public void Document_CustomKind_TellsTheAuthorsSchema()
    {
        JsonObject source = Thing();
        JsonObject json = Parse(Custom(source));
        JsonObject kind = json["components"]!["schemas"]!["com.example.stable.v1.Thing"]!.AsObject();
        Assert.Equal("boolean", (string?)kind["properties"]!["spec"]!["properties"]!["on"]!["type"]);
        Assert.True((bool)kind["properties"]!["spec"]!["properties"]!["on"]!["nullable"]!);
        Assert.Equal("#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", (string?)kind["properties"]!["metadata"]!["allOf"]![0]!["$ref"]);
        Assert.Equal("""[{"group":"stable.example.com","kind":"Thing","version":"v1"}]""", kind["x-kubernetes-group-version-kind"]!.ToJsonString());
        JsonObject patch = json["paths"]!["/apis/stable.example.com/v1/namespaces/{namespace}/things/{name}"]!["patch"]!.AsObject();
        Assert.DoesNotContain("application/strategic-merge-patch+json", patch["requestBody"]!["content"]!.AsObject().Select(c => c.Key));
        Assert.Contains(patch["parameters"]!.AsArray(), p => (string?)p!["name"] == "fieldValidation");
        HashSet<string> schemas = [.. json["components"]!["schemas"]!.AsObject().Select(s => s.Key)];
        Assert.Contains("io.k8s.api.autoscaling.v1.Scale", schemas);
        Assert.All(References(json), r => Assert.Contains(r["#/components/schemas/".Length..], schemas));
    }

    [Fact]
    public void Hash_SchemaChanges_Changes()
    {
        JsonObject changed = Thing();
        changed["properties"]!["spec"]!["properties"]!["on"]!["type"] = "string";
        Assert.Equal(Custom(Thing()).Hash, Custom(Thing()).Hash);
        Assert.NotEqual(Custom(Thing()).Hash, Custom(changed).Hash);
        Assert.Matches("^[0-9A-F]{128}$", Custom(Thing()).Hash);
    }

    [Fact]
    public void Index_AllDocuments_PointsAtEachByHash()
    {
        JsonObject index = JsonNode.Parse(OpenApiIndex.Write(Builtin))!["paths"]!.AsObject();
        Assert.Equal(Builtin.Select(d => d.Path).Order(StringComparer.Ordinal), index.Select(p => p.Key));
        Assert.Equal($"/openapi/v3/apis/apps/v1?hash={Builtin.Single(d => d.Group == "apps").Hash}", (string?)index["apis/apps/v1"]!["serverRelativeURL"]);
    }

    [Fact]
    public void Swagger_BuiltinAndCustom_HoldsEachTypeThatItRefersTo()
    {
        JsonObject json = JsonNode.Parse(SwaggerDocument.Write([.. Builtin, Custom(Thing())]))!.AsObject();
        HashSet<string> definitions = [.. json["definitions"]!.AsObject().Select(s => s.Key)];
        Assert.All(References(json), r => Assert.Contains(r["#/definitions/".Length..], definitions));
        Assert.Equal("2.0", (string?)json["swagger"]);
        Assert.Equal("string", (string?)json["definitions"]!["io.k8s.apimachinery.pkg.api.resource.Quantity"]!["type"]);
        Assert.Null(json["definitions"]!["com.example.stable.v1.Thing"]!["properties"]!["spec"]!["properties"]!["on"]!["nullable"]);
        Assert.Contains("com.example.stable.v1.ThingList", definitions);
    }

    [Fact]
    public void Swagger_KindThatKeepsUnknownFields_SaysNothingButThatItIsAnObject()
    {
        JsonObject source = JsonNode.Parse("""{"type":"object","description":"any","x-kubernetes-preserve-unknown-fields":true,"properties":{"spec":{"type":"object"}}}""")!.AsObject();

        JsonObject kind = JsonNode.Parse(SwaggerDocument.Write([.. Builtin, Custom(source)]))!["definitions"]!["com.example.stable.v1.Thing"]!.AsObject();

        Assert.Equal(["type", "x-kubernetes-group-version-kind"], kind.Select(m => m.Key));
        Assert.Equal("object", (string?)kind["type"]);
    }

    private static JsonObject Thing() => JsonNode.Parse(
        """{"type":"object","properties":{"spec":{"type":"object","properties":{"on":{"type":"boolean","nullable":true,"description":"whether"},"any":{"x-kubernetes-preserve-unknown-fields":true,"type":"object"}}}}}""")!.AsObject();

    private static OpenApiGroupVersion Custom(JsonObject source) => new("stable.example.com", "v1",
    [
        new OpenApiResource
        {
            Resource = new GroupVersionResource("stable.example.com", "v1", "things"),
            Kind = "Thing",
            ListKind = "ThingList",
            Namespaced = true,
            Verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"],
            Subresources = [new("status", new("stable.example.com", "v1", "Thing"), ["get", "patch", "update"]), new("scale", new("autoscaling", "v1", "Scale"), ["get", "patch", "update"])],
            Custom = CustomSchema.Parse(source),
        },
    ]);

    private static JsonObject Parse(OpenApiGroupVersion document) => JsonNode.Parse(document.Document.Span)!.AsObject();

    private static IEnumerable<string> Keys(JsonNode? json) => json is JsonObject o ? o.Select(m => m.Key).Order(StringComparer.Ordinal) : [];

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject json => json.SelectMany(m => m.Key == "$ref" && m.Value is JsonValue v ? [v.GetValue<string>()] : References(m.Value)),
        JsonArray array => array.SelectMany(References),
        _ => [],
    };

    /// <summary>Without descriptions, of which there are none in our facts.</summary>
    private static JsonNode Bare(JsonNode node)
    {
        JsonNode copy = node.DeepClone();
        Strip(copy);
        return copy;

        static void Strip(JsonNode? at)
        {
            if (at is JsonObject json)
            {
                if (json["description"] is JsonValue)
                {
                    json.Remove("description");
                }

                foreach ((string _, JsonNode? value) in json.ToArray())
                {
                    Strip(value);
                }
            }

            foreach (JsonNode? item in at as JsonArray ?? [])
            {
                Strip(item);
            }
        }
    }
}
