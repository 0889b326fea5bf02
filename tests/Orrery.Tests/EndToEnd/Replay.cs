using System.Globalization;
using System.Text.RegularExpressions;

namespace Orrery.Tests.EndToEnd;

/// <summary>How many of the recorded answers agree with a server's.</summary>
/// <param name="Bodies">Whole bodies, messages aside.</param>
/// <param name="Texts">Messages too.</param>
/// <param name="TextsButColumns">Messages too, descriptions of table columns aside: those are upstream's sentences, which are not carried over.</param>
internal sealed partial record Replay(int Bodies, int Texts, int TextsButColumns, string Output)
{
    /// <summary>The player grades with the texts; where it finds a difference, it looks once more without the descriptions.</summary>
    private const string Driver = """
        import importlib.util, sys
        spec = importlib.util.spec_from_file_location("replay", sys.argv[1])
        replay = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(replay)
        normalise, grade, also = replay.normalise, replay.grade, 0
        def without_columns(node, *rest):
            out = normalise(node, *rest)
            if isinstance(out, dict) and out.get("kind") == "Table":
                for column in out.get("columnDefinitions") or []:
                    column.pop("description", None)
            return out
        def counted(expect, got, ignore=()):
            result = grade(expect, got, ignore)
            if result[0] == "body":
                replay.normalise = without_columns
                again = grade(expect, got, ignore)
                replay.normalise = normalise
                if again[0] == "message":
                    global also
                    also += 1
            return result
        replay.grade = counted
        sys.argv = sys.argv[1:]
        try:
            replay.main()
        finally:
            print(f"columns aside: {also}")
        """;

    /// <summary>Skips the test where the recorded answers, or what plays them, is missing.</summary>
    public static async Task RequireAsync()
    {
        Assert.SkipUnless(Repository.Shared is not null, "the recorded answers are not beside the repository");
        Assert.SkipUnless((await Shell.RunAsync("/bin/sh", ["-c", "command -v python3"])).ExitCode == 0, "python3, which plays them, is not on PATH");
    }

    /// <summary>Plays all scenarios, each in namespaces of its own, against a fresh server.</summary>
    public static async Task<Replay> PlayAsync(string url, string token)
    {
        string folder = Path.Combine(Repository.Shared!, "kubernetes");
        Ended ended = await Shell.RunAsync("python3", [
            "-c", Driver, Path.Combine(folder, "replay.py"), "--url", url, "--token", token,
            .. Directory.EnumerateFiles(Path.Combine(folder, "transcripts"), "*.json").Order(StringComparer.Ordinal),
        ]);
        Match total = Total().Match(ended.Output), columns = Columns().Match(ended.Output);
        Assert.True(total.Success && columns.Success, ended.Output + ended.Error);
        int texts = Number(total.Groups[2]);
        return new Replay(Number(total.Groups[1]), texts, texts + Number(columns.Groups[1]), ended.Output);
    }

    private static int Number(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"total: (\d+) of 438 steps agree; status \d+, messages (\d+)")]
    private static partial Regex Total();

    [GeneratedRegex(@"columns aside: (\d+)")]
    private static partial Regex Columns();
}
