using System.CommandLine;
using System.Net;
using Microsoft.Extensions.Logging;
using Orrery.Api.Kinds;
using Orrery.Client;
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

    public static Option<int> Port() => new Option<int>("--port", "-p")
    {
        Description = $"Port of the control plane on the loopback interface; data planes take the following ones. Default {Settings.DefaultPort}, or what the installation was made with.",
        HelpName = "N",
    }.Within(1, ushort.MaxValue);

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

    public static Option<string> MetricsAddress() => new("--metrics-address")
    {
        Description = "Where /metrics, /livez and /readyz are served over HTTP, as ADDRESS:PORT. Default: nowhere.", HelpName = "ADDRESS",
    };

    /// <param name="whom">What is reached through it.</param>
    public static Option<string> Via(string whom) => new("--via")
    {
        Description = $"HTTP proxy through which {whom} is reached. Default: {JoinNames.ViaVariable}, then what HTTPS_PROXY and NO_PROXY say.", HelpName = "http://[USER:PASSWORD@]HOST:PORT",
    };

    /// <returns>Null when it is not said.</returns>
    /// <exception cref="CommandFailedException">It is no address with a port.</exception>
    public static IPEndPoint? EndPoint(Option<string> option, ParseResult parsed) =>
        parsed.GetValue(option) is not { } text ? null
        : IPEndPoint.TryParse(text, out IPEndPoint? listen) ? listen
        : throw new CommandFailedException($"{option.Name}: '{text}' does not have the form ADDRESS:PORT, such as 127.0.0.1:9090");

    /// <returns>Null when it is not said.</returns>
    public static string? ProxySaid(Option<string> via, ParseResult parsed) => parsed.GetValue(via) ?? Environment.GetEnvironmentVariable(JoinNames.ViaVariable);

    /// <returns>What the environment says of all proxies when it is not said; null for none.</returns>
    /// <exception cref="CommandFailedException">It is no address of a proxy.</exception>
    public static ForwardProxy? Proxy(Option<string> via, ParseResult parsed)
    {
        string? said = ProxySaid(via, parsed);
        try
        {
            return said is null ? ForwardProxy.FromEnvironment(Environment.GetEnvironmentVariable) : ForwardProxy.Parse(said);
        }
        catch (FormatException error)
        {
            throw new CommandFailedException($"{(said is null ? "HTTPS_PROXY" : via.Name)}: {error.Message}", error);
        }
    }

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
