using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Orrery.Bench;

/// <summary>The objects that benches make.</summary>
internal static class Samples
{
    /// <summary>Data of a ConfigMap: with its metadata it is about 1.5 KB on the wire, as the reference figures have it.</summary>
    private const int DataBytes = 1024;

    public static byte[] ConfigMap(string name, char filler = 'x', int bytes = DataBytes)
    {
        var json = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["app"] = "bench" } },
            ["data"] = new JsonObject { ["payload"] = new string(filler, bytes) },
        };
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    public static byte[] Touch(int number) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"data\":{{\"touched\":\"{number}\"}}}}"));

    /// <summary>A definition of the size that operators ship: a spec of 120 described fields, a status of 40.</summary>
    public static byte[] Definition(string group)
    {
        JsonObject Fields(int count) => new([.. Enumerable.Range(0, count).Select(i => KeyValuePair.Create(
            string.Create(CultureInfo.InvariantCulture, $"field{i}"),
            (JsonNode?)(i % 4 == 0
                ? new JsonObject { ["type"] = "array", ["description"] = $"The list number {i} of what the owner of this object wants to have.", ["items"] = new JsonObject { ["type"] = "object", ["required"] = new JsonArray("name"), ["properties"] = new JsonObject { ["name"] = new JsonObject { ["type"] = "string", ["maxLength"] = 63 }, ["value"] = new JsonObject { ["type"] = "integer", ["minimum"] = 0 } } } }
                : new JsonObject { ["type"] = "string", ["description"] = $"The field number {i} of what the owner of this object wants to have." })))]);
        var json = new JsonObject
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject { ["name"] = "widgets." + group },
            ["spec"] = new JsonObject
            {
                ["group"] = group,
                ["scope"] = "Namespaced",
                ["names"] = new JsonObject { ["plural"] = "widgets", ["singular"] = "widget", ["kind"] = "Widget", ["listKind"] = "WidgetList" },
                ["versions"] = new JsonArray(new JsonObject
                {
                    ["name"] = "v1",
                    ["served"] = true,
                    ["storage"] = true,
                    ["subresources"] = new JsonObject { ["status"] = new JsonObject() },
                    ["schema"] = new JsonObject
                    {
                        ["openAPIV3Schema"] = new JsonObject
                        {
                            ["type"] = "object",
                            ["properties"] = new JsonObject
                            {
                                ["spec"] = new JsonObject { ["type"] = "object", ["properties"] = Fields(120) },
                                ["status"] = new JsonObject { ["type"] = "object", ["properties"] = Fields(40) },
                            },
                        },
                    },
                }),
            },
        };
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }
}
