using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Schemas;

/// <summary>Recorded exchanges with a real API server: the shared data beside the repository, or where ORRERY_SHARED says.</summary>
internal static class Transcripts
{
    /// <summary>The steps of a scenario; skips the test, visibly, where the data is absent.</summary>
    public static IReadOnlyList<JsonObject> Scenario(string file, string name)
    {
        string path = Path.Combine(Shared(), "kubernetes", "transcripts", file);
        Assert.SkipUnless(File.Exists(path), $"no recorded exchanges at {path}");
        JsonObject all = JsonBody.Parse(File.ReadAllBytes(path))!.AsObject();
        JsonObject scenario = all["scenarios"]!.AsArray().Select(s => s!.AsObject()).Single(s => (string)s["name"]! == name);
        return [.. scenario["steps"]!.AsArray().Select(s => s!.AsObject())];
    }

    public static JsonObject Body(this JsonObject step) => step["body"]!.AsObject();

    public static JsonObject Answer(this JsonObject step) => step["expect"]!["body"]!.AsObject();

    public static int Code(this JsonObject step) => (int)step["expect"]!["status"]!.GetValue<long>();

    public static string Shared()
    {
        if (Environment.GetEnvironmentVariable("ORRERY_SHARED") is { Length: > 0 } given)
        {
            return given;
        }

        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Orrery.slnx")))
        {
            at = at.Parent;
        }

        return Path.Combine(at?.Parent?.FullName ?? "", "shared");
    }
}
