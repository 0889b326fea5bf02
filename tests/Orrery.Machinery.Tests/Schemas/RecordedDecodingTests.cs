using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Schemas;

public sealed class RecordedDecodingTests
{
    private static readonly GroupVersionKind ConfigMap = new("", "v1", "ConfigMap");

    [Fact]
    public void Builtin_RecordedFieldValidation_GivesUpstreamsFaults()
    {
        IReadOnlyList<JsonObject> steps = Transcripts.Scenario("objects.json", "field-validation");
        byte[] utf8 = Encoding.UTF8.GetBytes((string)steps[1]["body"]!);
        JsonObject json = ObjectDecoding.Parse(utf8, "ConfigMap");
        IReadOnlyList<string> faults = ObjectDecoding.Builtin(json, utf8, ConfigMap, BuiltinTypes.Instance.Find(ConfigMap)!);
        Assert.Equal((string)steps[1].Answer()["message"]!, DecodingFaults.Strict(ConfigMap, "ConfigMap", faults).Message);
        Assert.Equal("2", json.TextAt("metadata", "labels", "a"));
        Assert.False(json.ContainsKey("dat"));
    }

    [Theory]
    [InlineData("objects.json", "configmap-crud", 16)]
    [InlineData("objects.json", "configmap-crud", 23)]
    [InlineData("objects.json", "configmap-crud", 24)]
    [InlineData("types.json", "custom-resources", 31)]
    [InlineData("types.json", "validation-of-kinds", 10)]
    [InlineData("types.json", "validation-of-kinds", 13)]
    public void Decode_RecordedBadBody_IsRefusedInUpstreamsWords(string file, string scenario, int index)
    {
        JsonObject step = Transcripts.Scenario(file, scenario)[index];
        byte[] utf8 = Encoding.UTF8.GetBytes(step["body"] is JsonObject body ? body.ToJsonString() : (string)step["body"]!);
        GroupVersionKind wanted = scenario switch
        {
            "custom-resources" => new("stable.example.com", "v1", "CronTab"),
            "validation-of-kinds" => step.Body().GroupVersionKind,
            _ => ConfigMap,
        };
        StatusException fault = Assert.Throws<StatusException>(() =>
            ObjectDecoding.Builtin(ObjectDecoding.Parse(utf8, wanted.Kind), utf8, wanted, BuiltinTypes.Instance.Find(wanted)!));
        Assert.Equal(step.Code(), fault.Code);
        Assert.Equal((string)step.Answer()["message"]!, fault.Message);
    }

    /// <summary>What a real server answered is already in its one form: decoding and encoding it again must change nothing.</summary>
    [Fact]
    public void Normalize_EveryRecordedAnswerOfABuiltinKind_ChangesNothing()
    {
        int compared = 0;
        var changed = new List<string>();
        foreach ((string file, string scenario) in ((string, string)[])[("types.json", "defaults-of-kinds"), ("types.json", "subresources"), ("types.json", "namespace-lifecycle"), ("types.json", "access"),
            ("objects.json", "configmap-crud"), ("objects.json", "strategic-merge-patch"), ("objects.json", "apply-ownership"), ("objects.json", "apply-lists"), ("objects.json", "tables"), ("types.json", "custom-resources")])
        {
            foreach (JsonObject step in Transcripts.Scenario(file, scenario))
            {
                if (step["expect"]!["body"] is not JsonObject answer || answer["metadata"]?["name"] is null || BuiltinTypes.Instance.Find(answer.GroupVersionKind) is not { } schema
                    || BuiltinTypes.Instance.FindResource(answer.GroupVersionKind) is not { } resource || resource.Verbs.Count < 4)
                {
                    continue;
                }

                JsonObject again = answer.DeepClone().AsObject();
                Assert.Empty(ObjectDecoding.Builtin(again, default, answer.GroupVersionKind, schema));
                GoShape.Normalize(again, schema);
                compared++;
                if (!JsonNode.DeepEquals(answer, again))
                {
                    changed.Add($"{scenario} {answer.Kind}: {Difference(answer, again, "$")}");
                }
            }
        }

        Assert.True(changed.Count == 0, $"{changed.Count} of {compared}:\n" + string.Join("\n", changed));
        Assert.True(compared > 100, $"only {compared} answers compared");
    }

    /// <summary>The first place at which two trees differ.</summary>
    private static string Difference(JsonNode? a, JsonNode? b, string path)
    {
        if (a is JsonObject x && b is JsonObject y)
        {
            foreach (string name in x.Select(m => m.Key).Union(y.Select(m => m.Key)))
            {
                if (x.ContainsKey(name) != y.ContainsKey(name))
                {
                    return $"{path}.{name} {(x.ContainsKey(name) ? "went" : "came: " + y[name]?.ToJsonString())}";
                }

                if (!JsonNode.DeepEquals(x[name], y[name]))
                {
                    return Difference(x[name], y[name], $"{path}.{name}");
                }
            }
        }

        if (a is JsonArray u && b is JsonArray v && u.Count == v.Count)
        {
            int i = Enumerable.Range(0, u.Count).First(i => !JsonNode.DeepEquals(u[i], v[i]));
            return Difference(u[i], v[i], $"{path}[{i}]");
        }

        return $"{path}: {a?.ToJsonString()} became {b?.ToJsonString()}";
    }
}
