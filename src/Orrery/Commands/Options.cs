using System.CommandLine;
using Microsoft.Extensions.Logging;
using Orrery.Installation;

namespace Orrery.Commands;

/// <summary>Options that several commands share, so that they read the same everywhere.</summary>
internal static class Options
{
    public static Option<string> DataDir() => new("--data-dir", "-d")
    {
        Description = $"Folder that holds the whole installation (environment: {DataDirectory.Variable}).",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable(DataDirectory.Variable) ?? ".orrery",
        HelpName = "DIR",
    };

    public static Option<bool> Detach() => new("--detach")
    {
        Description = "Return once everything is ready and leave it running in the background.",
    };

    public static Option<int> Port() => new("--port", "-p")
    {
        Description = $"Port of the control plane on the loopback interface; data planes take the following ones. Default {Settings.DefaultPort}, or what the installation was made with.",
        HelpName = "N",
    };

    public static Option<string[]> DataPlanes() => new("--data-planes")
    {
        Description = $"Names of the simulated data planes, separated by commas. Default {string.Join(',', Settings.DefaultDataPlanes)}, or what the installation was made with.",
        HelpName = "A,B,C",
        AllowMultipleArgumentsPerToken = true,
        CustomParser = result => [.. result.Tokens.SelectMany(t => t.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))],
    };

    public static Option<LogLevel> LogLevel() => new("--log-level")
    {
        Description = "Least severe entries to log.",
        DefaultValueFactory = _ => Microsoft.Extensions.Logging.LogLevel.Information,
    };

    /// <summary>The installation that a command speaks of.</summary>
    /// <exception cref="CommandFailedException">There is none yet.</exception>
    public static (DataDirectory Directory, Settings Settings) Existing(string dataDir)
    {
        var directory = new DataDirectory(dataDir);
        return Settings.Load(directory) is { } settings
            ? (directory, settings)
            : throw new CommandFailedException($"there is no installation in {directory.Path}; make one with './orrery up' or name another with --data-dir");
    }
}
