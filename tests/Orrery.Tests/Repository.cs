using System.Diagnostics;

namespace Orrery.Tests;

/// <summary>The repository that the tests were built from.</summary>
internal static class Repository
{
    private static readonly Lazy<string> program = new(Build);

    /// <summary>The folder that holds the solution file.</summary>
    public static string Root { get; } = Find();

    /// <summary>The launcher, which builds the program first where its sources have changed.</summary>
    public static string Launcher { get; } = Path.Combine(Root, "orrery");

    /// <summary>The program that is tested: what <c>ORRERY_TEST_BINARY</c> names, or what the launcher has built, once for all that run it.</summary>
    public static string Program => program.Value;

    /// <summary>Recorded facts beside the repository, or null where they are absent.</summary>
    public static string? Shared
    {
        get
        {
            string folder = Environment.GetEnvironmentVariable("ORRERY_SHARED") ?? Path.Combine(Root, "..", "shared");
            return Directory.Exists(folder) ? Path.GetFullPath(folder) : null;
        }
    }

    private static string Build()
    {
        if (Environment.GetEnvironmentVariable("ORRERY_TEST_BINARY") is { Length: > 0 } built)
        {
            return Path.GetFullPath(built);
        }

        using Process launcher = Process.Start(new ProcessStartInfo(Launcher, ["version"]) { RedirectStandardOutput = true })!;
        launcher.StandardOutput.ReadToEnd();
        launcher.WaitForExit();
        return launcher.ExitCode == 0 ? Path.Combine(Root, "artifacts", "orrery", "orrery") : throw new InvalidOperationException($"{Launcher} could not build the program (exit code {launcher.ExitCode})");
    }

    private static string Find()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Orrery.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("the tests do not run inside the repository");
    }
}
