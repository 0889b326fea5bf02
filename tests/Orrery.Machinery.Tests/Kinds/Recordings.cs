using System.Reflection;
using System.Text.Json.Nodes;

namespace Orrery.Machinery.Tests.Kinds;

/// <summary>Answers that a real API server gave; beside the repository, or where ORRERY_SHARED says.</summary>
internal static class Recordings
{
    public static string Folder { get; } = Path.Combine(Environment.GetEnvironmentVariable("ORRERY_SHARED") ?? Beside(), "kubernetes", "transcripts");

    /// <summary>Every step of every scenario, in order. Skips the test when there are none.</summary>
    public static IReadOnlyList<RecordedStep> Steps(params string[] scenarios)
    {
        Assert.SkipUnless(Directory.Exists(Folder), $"no recordings in {Folder}");
        var steps = new List<RecordedStep>();
        foreach (string file in Directory.GetFiles(Folder, "*.json").Order(StringComparer.Ordinal))
        {
            foreach (JsonNode? scenario in JsonNode.Parse(File.ReadAllBytes(file))!["scenarios"]!.AsArray())
            {
                string name = (string)scenario!["name"]!;
                int i = 0;
                foreach (JsonNode? step in scenario["steps"]!.AsArray())
                {
                    if (scenarios.Length == 0 || scenarios.Contains(name))
                    {
                        steps.Add(new RecordedStep($"{name}/{i}", step!.AsObject()));
                    }

                    i++;
                }
            }
        }

        return steps;
    }

    private static string Beside()
    {
        string? folder = Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location);
        while (folder is not null && !File.Exists(Path.Combine(folder, "Orrery.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return Path.Combine(folder ?? ".", "..", "shared");
    }
}

/// <summary>One request and what was answered.</summary>
internal sealed record RecordedStep(string Name, JsonObject Json)
{
    public string Method => (string)Json["method"]!;

    public string Path => (string)Json["path"]!;

    public int Status => (int)Json["expect"]!["status"]!;

    public JsonObject? Answer => Json["expect"]!["body"] as JsonObject;

    /// <summary>The request's object with long texts written out; null when it has none, or one that depends on earlier answers.</summary>
    public JsonObject? Body => Json["body"] is JsonObject body && !body.ToJsonString().Contains("{{", StringComparison.Ordinal) ? (JsonObject)Expand(body)! : null;

    private static JsonNode? Expand(JsonNode? node) => node switch
    {
        JsonObject o when o["$repeat"] is JsonArray r => string.Concat(Enumerable.Repeat((string)r[0]!, (int)r[1]!)),
        JsonObject o when o["$join"] is JsonArray parts => string.Concat(parts.Select(p => (string)Expand(p)!)),
        JsonObject o => new JsonObject(o.Select(m => KeyValuePair.Create(m.Key, Expand(m.Value)))),
        JsonArray a => new JsonArray([.. a.Select(Expand)]),
        _ => node?.DeepClone(),
    };
}
