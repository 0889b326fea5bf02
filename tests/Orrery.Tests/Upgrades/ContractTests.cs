using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Api.Crds;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Machinery;

namespace Orrery.Tests.Upgrades;

/// <summary>What servers, satellites and data planes of a former version know: names that they look for, and fields of our kinds. All of it means the same in this one; what is new comes beside it.</summary>
public sealed partial class ContractTests
{
    /// <summary>Values of all names that are written into objects or said to the other side.</summary>
    internal static IEnumerable<string> Names => new[] { typeof(OrreryNames), typeof(JoinNames), typeof(StreamHeaderNames) }
        .SelectMany(t => t.GetFields(BindingFlags.Public | BindingFlags.Static)).Where(f => f.IsLiteral && f.FieldType == typeof(string))
        .Select(f => (string)f.GetRawConstantValue()!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    [Theory]
    [MemberData(nameof(UpgradeTests.Versions), MemberType = typeof(UpgradeTests))]
    public void Names_ThatAFormerVersionKnew_AreThereStill(string version) =>
        Assert.Empty(File.ReadAllLines(Path.Combine(UpgradeTests.Here, version, UpgradeTests.NamesText)).Except(Names, StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(UpgradeTests.Versions), MemberType = typeof(UpgradeTests))]
    public void Definitions_OfAFormerVersion_AreMetByThoseOfThisOne(string version)
    {
        Dictionary<string, JsonNode> former = Former(File.ReadAllText(Path.Combine(UpgradeTests.Here, version, UpgradeTests.ControlPlaneText)));
        Dictionary<string, JsonNode> now = OrreryCrds.All.Select(file => YamlJson.Parse(file.Yaml)!).ToDictionary(d => d["metadata"]!["name"]!.GetValue<string>(), StringComparer.Ordinal);

        Assert.NotEmpty(former);
        Assert.Empty(former.Keys.Except(now.Keys, StringComparer.Ordinal));
        Assert.Empty(former.SelectMany(d => Facts(d.Value)).Except(former.Keys.SelectMany(n => Facts(now[n])), StringComparer.Ordinal));

        // What is wanted within something new concerns nobody who does not know that.
        HashSet<string> known = [.. former.SelectMany(d => Schemas(d.Value)).Select(s => s.Path)];
        Assert.Empty(former.Keys.SelectMany(n => Demands(now[n])).Where(d => known.Contains(d.Path)).Except(former.SelectMany(d => Demands(d.Value))));
    }

    /// <summary>Our definitions as they stood in the store in the end.</summary>
    private static Dictionary<string, JsonNode> Former(string store)
    {
        var found = new Dictionary<string, JsonNode>(StringComparer.Ordinal);
        foreach (Match row in Definition().Matches(store))
        {
            found[row.Groups["name"].Value] = JsonNode.Parse(row.Groups["value"].Value.Replace("''", "'", StringComparison.Ordinal))!;
        }

        return found;
    }

    /// <summary>What somebody may write or read by it: fields, what is in them, and the values that they take.</summary>
    private static IEnumerable<string> Facts(JsonNode definition) => Schemas(definition).SelectMany(s =>
        new[] { $"{s.Path}: {s.Schema["type"] ?? "any"}" }.Concat((s.Schema["enum"] as JsonArray ?? []).Select(v => $"{s.Path} takes {v}")));

    /// <summary>What it refuses to be without.</summary>
    private static IEnumerable<(string Path, string Field)> Demands(JsonNode definition) => Schemas(definition).SelectMany(s => (s.Schema["required"] as JsonArray ?? []).Select(r => (s.Path, r!.GetValue<string>())));

    private static IEnumerable<(string Path, JsonObject Schema)> Schemas(JsonNode definition) => definition["spec"]!["versions"]!.AsArray().SelectMany(
        v => Within($"{definition["spec"]!["names"]!["kind"]} {v!["name"]} ", v["schema"]!["openAPIV3Schema"]!.AsObject()));

    private static IEnumerable<(string Path, JsonObject Schema)> Within(string path, JsonObject schema) =>
    [
        (path, schema),
        .. (schema["properties"] as JsonObject ?? []).SelectMany(p => Within($"{path}.{p.Key}", p.Value!.AsObject())),
        .. schema["items"] is JsonObject items ? Within(path + "[]", items) : [],
        .. schema["additionalProperties"] is JsonObject values ? Within(path + "{}", values) : [],
    ];

    [GeneratedRegex(@"^INSERT INTO log VALUES \(\d+,'/apiextensions\.k8s\.io/customresourcedefinitions/-/-/(?<name>[a-z]+\.orrery\.dev)',\d+,\d+,CAST\('(?<value>.*)' AS BLOB\)\);$", RegexOptions.Multiline)]
    private static partial Regex Definition();
}
