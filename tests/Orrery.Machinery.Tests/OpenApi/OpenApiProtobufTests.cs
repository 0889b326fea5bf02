using System.Text;
using Orrery.Machinery.OpenApi;

namespace Orrery.Machinery.Tests.OpenApi;

public sealed class OpenApiProtobufTests
{
    private const string Document = """
        {
          "openapi": "3.0.0", "info": { "title": "T", "version": "1" },
          "paths": { "/a/{n}": {
            "get": {
              "tags": ["t"], "description": "d", "operationId": "o",
              "parameters": [{ "name": "q", "in": "query", "description": "p", "required": true, "schema": { "type": "string", "uniqueItems": true } }],
              "requestBody": { "content": { "*/*": { "schema": { "$ref": "#/components/schemas/A" } } }, "required": true },
              "responses": { "200": { "description": "OK", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/A" } } } }, "401": { "description": "no" } }
            },
            "parameters": [{ "name": "n", "in": "path", "required": true, "schema": { "type": "string" } }]
          } },
          "components": {
            "schemas": {
              "A": {
                "type": "object", "required": ["b"],
                "properties": {
                  "b": { "type": "integer", "format": "int32", "minimum": 1, "maximum": 5, "exclusiveMaximum": true, "default": 0 },
                  "c": { "type": "array", "items": { "type": "string", "maxLength": 3, "pattern": "x" }, "maxItems": 2, "default": {} },
                  "d": { "allOf": [{ "$ref": "#/components/schemas/B" }], "nullable": true, "default": "s" },
                  "e": { "oneOf": [{ "type": "boolean", "default": false }, { "not": { "type": "string" } }], "anyOf": [{ "minProperties": 1 }] }
                },
                "additionalProperties": false
              },
              "B": { "type": "object", "additionalProperties": { "type": "number", "multipleOf": 0.5 } }
            },
            "securitySchemes": { "BearerToken": { "type": "apiKey", "description": "x", "name": "authorization", "in": "header" } }
          }
        }
        """;

    /// <summary>What gnostic, which upstream's servers and clients use, makes of <see cref="Document"/>.</summary>
    private const string Gnostic =
        "CgUzLjAuMBIGCgFUMgExItoBCtcBCgYvYS97bn0SzAEirQEKAXQaAWQqAW8yIQofCgFxEgVxdWVyeRoBcCABUg4KDKABAcoBBnN0cmluZzorCikSJQojCgMqLyoSHAoaEhgKFiMvY29tcG9uZW50cy"
        + "9zY2hlbWFzL0EYAUJSEkEKAzIwMBI6CjgKAk9LGjIKMAoQYXBwbGljYXRpb24vanNvbhIcChoSGAoWIy9jb21wb25lbnRzL3NjaGVtYXMvQRINCgM0MDESBgoECgJub2oaChgKAW4SBHBhdGggAVIL"
        + "CgnKAQZzdHJpbmcq0wIKmQIK6wEKAUES5QEK4gG6AQFiygEGb2JqZWN0+gHMAQo5CgFiEjQKMlkAAAAAAAAUQGABaQAAAAAAAPA/ygEHaW50ZWdlcooCCQkAAAAAAAAAAJoCBWludDMyCisKAWMSJg"
        + "okkAECygEFYXJyYXnyARMKEQoPeAOKAQF4ygEGc3RyaW5nigIACiwKAWQSJwolCAHSARoSGAoWIy9jb21wb25lbnRzL3NjaGVtYXMvQooCAxoBcwo0CgFlEi8KLdoBEQoPygEHYm9vbGVhbooCAhAA"
        + "2gEOCgzqAQnKAQZzdHJpbmfiAQUKA7ABAYICAhAACikKAUISJAoiygEGb2JqZWN0ggIWChQKElEAAAAAAADgP8oBBm51bWJlcjo1CjMKC0JlYXJlclRva2VuEiQKIgoGYXBpS2V5EgF4Gg1hdXRob3"
        + "JpemF0aW9uIgZoZWFkZXI=";

    [Fact]
    public void From_EveryKindOfMember_IsWhatGnosticMakesOfIt() =>
        Assert.Equal(Gnostic, Convert.ToBase64String(OpenApiProtobuf.From(Encoding.UTF8.GetBytes(Document))));

    [Fact]
    public void From_Extensions_AreNamedWithTheirValueAsJson()
    {
        byte[] bytes = OpenApiProtobuf.From("""{ "components": { "schemas": { "A": { "x-kubernetes-list-type": "set" } } } }"""u8.ToArray());

        Assert.True(bytes.AsSpan().IndexOf("\n\u0016x-kubernetes-list-type\u0012\u0007\u0012\u0005\"set\""u8) > 0, Convert.ToHexString(bytes));
    }
}
