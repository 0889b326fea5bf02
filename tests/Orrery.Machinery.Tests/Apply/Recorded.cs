using System.Text.Json.Nodes;

namespace Orrery.Machinery.Tests.Apply;

/// <summary>One recorded request to a real API server, and its answer.</summary>
internal sealed record RecordedStep(int Index, string Name, string Method, string Path, string ContentType, string UserAgent, JsonNode? Body, int Status, JsonObject? Answer)
{
    public override string ToString() => $"{Index} {Method} {Path} {Name}";
}

/// <summary>Reads the recorded exchanges; tests skip where they are absent.</summary>
internal static class Recorded
{
    public static string Shared(string path)
    {
        string? root = Environment.GetEnvironmentVariable("ORRERY_SHARED");
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); root is null && at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Orrery.slnx")))
            {
                root = Path.Combine(at.Parent!.FullName, "shared");
            }
        }

        string file = Path.Combine(root ?? "", path);
        Assert.SkipUnless(File.Exists(file), $"The shared test data is absent: set ORRERY_SHARED to the folder that holds {path}.");
        return file;
    }

    public static IReadOnlyList<RecordedStep> Scenario(string file, string name)
    {
        JsonNode all = JsonNode.Parse(File.ReadAllText(Shared($"kubernetes/transcripts/{file}.json")))!;
        JsonNode scenario = all["scenarios"]!.AsArray().Single(s => (string)s!["name"]! == name)!;
        return [.. scenario["steps"]!.AsArray().Select((s, i) => new RecordedStep(
            i,
            (string?)s!["name"] ?? "",
            (string)s["method"]!,
            (string)s["path"]!,
            (string?)s["headers"]?["Content-Type"] ?? "",
            (string?)s["headers"]?["User-Agent"] ?? "",
            s["body"],
            (int)s["expect"]!["status"]!,
            s["expect"]!["body"] as JsonObject))];
    }
}
