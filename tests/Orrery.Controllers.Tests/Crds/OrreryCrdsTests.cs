using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Crds;
using Orrery.Machinery;

namespace Orrery.Controllers.Tests.Crds;

public sealed class OrreryCrdsTests
{
    public static TheoryData<string> Files => [.. OrreryCrds.All.Select(c => c.FileName)];

    [Fact]
    public void All_HoldsEveryKind() =>
        Assert.Equal(
            ["Application", "DataPlane", "Installation", "Observation", "Release", "Tenancy", "Tenant", "TenantClass", "TenantUsage", "VirtualCluster", "VirtualSite", "Work"],
            OrreryCrds.All.Select(c => Definition(c.FileName).TextAt("spec", "names", "kind")).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Files))]
    public void Definition_IsNamedAfterItsResourceAndInTheCategory(string file)
    {
        JsonObject definition = Definition(file);

        Assert.Equal($"{definition.TextAt("spec", "names", "plural")}.orrery.dev", definition.Name);
        Assert.Equal(file, $"{definition.TextAt("spec", "names", "plural")}.yaml");
        Assert.Equal("orrery", (string?)definition["spec"]!["names"]!["categories"]![0]);
        Assert.True((bool)definition["spec"]!["versions"]![0]!["storage"]!);
    }

    /// <summary>Upstream's rule for structural schemas: every part says its type, unless it says int-or-string.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Schema_EveryPart_SaysItsType(string file) =>
        Structural(Definition(file)["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!.AsObject(), file);

    /// <summary><c>kubectl explain</c> tells of each field what it is.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void Schema_EveryField_SaysWhatItIs(string file) =>
        Assert.Equal([], Undescribed(Definition(file)["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!.AsObject(), "").Where(p => p is not (".apiVersion" or ".kind" or ".metadata" or ".metadata.name")));

    private static IEnumerable<string> Undescribed(JsonObject schema, string path)
    {
        foreach ((string name, JsonNode? property) in schema["properties"] as JsonObject ?? [])
        {
            if (string.IsNullOrEmpty(property!.AsObject().TextAt("description")))
            {
                yield return $"{path}.{name}";
            }

            foreach (string inner in Undescribed(property.AsObject(), $"{path}.{name}"))
            {
                yield return inner;
            }
        }

        foreach (JsonObject nested in new[] { schema["items"], schema["additionalProperties"] }.OfType<JsonObject>())
        {
            foreach (string inner in Undescribed(nested, path + "[]"))
            {
                yield return inner;
            }
        }
    }

    private static void Structural(JsonObject schema, string path)
    {
        Assert.True(
            schema["type"] is not null || (bool?)schema["x-kubernetes-int-or-string"] == true,
            $"{path} says no type");
        foreach ((string name, JsonNode? property) in schema["properties"] as JsonObject ?? [])
        {
            Structural(property!.AsObject(), $"{path}.{name}");
        }

        foreach (string nested in (ReadOnlySpan<string>)["items", "additionalProperties"])
        {
            if (schema[nested] is JsonObject inner)
            {
                Structural(inner, $"{path}.{nested}");
            }
        }

        Assert.True((string?)schema["type"] != "array" || schema["items"] is JsonObject, $"{path} has no items");
    }

    private static JsonObject Definition(string file) => YamlJson.Parse(OrreryCrds.All.Single(c => c.FileName == file).Yaml)!.AsObject();
}
