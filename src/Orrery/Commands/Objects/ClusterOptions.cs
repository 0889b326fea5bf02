using System.CommandLine;
using Orrery.Client;
using Orrery.Installation;

namespace Orrery.Commands.Objects;

/// <summary>Which cluster a command speaks to, and as whom: <c>--kubeconfig</c>, <c>--context</c>, <c>--namespace</c>, as with kubectl.</summary>
internal sealed class ClusterOptions
{
    private const string KubeconfigName = "--kubeconfig", ContextName = "--context", NamespaceName = "--namespace";

    private readonly Option<string> kubeconfig = new(KubeconfigName)
    {
        Description = "Kubeconfig to use. Default: $KUBECONFIG, then the installation's in the data directory, then ~/.kube/config.",
        HelpName = "FILE",
    };

    private readonly Option<string> context = new(ContextName) { Description = "Context of the kubeconfig. Default: its current one.", HelpName = "NAME" };

    private readonly Option<string> @namespace = new(NamespaceName, "-n") { Description = "Namespace. Default: that of the context.", HelpName = "NAME" };

    private ClusterOptions()
    {
        context.CompletionSources.Add(Completions.Contexts);
        @namespace.With(ObjectKind.Namespace);
    }

    /// <param name="command">Gets the options.</param>
    /// <param name="namespaced">Whether a namespace means anything to it.</param>
    public static ClusterOptions AddTo(Command command, bool namespaced)
    {
        var options = new ClusterOptions();
        command.Add(options.kubeconfig);
        command.Add(options.context);
        if (namespaced)
        {
            command.Add(options.@namespace);
        }

        return options;
    }

    /// <exception cref="CommandFailedException">There is no kubeconfig, or none with that context.</exception>
    public KubeClient Connect(ParseResult parsed) => new(Config(parsed));

    /// <inheritdoc cref="Connect"/>
    public static ClientConfig Config(ParseResult parsed)
    {
        try
        {
            return KubeConfig.Load(Paths(parsed), Said(parsed, ContextName)) with { UserAgent = "orrery-cli/0.1.0" };
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or System.Security.Cryptography.CryptographicException)
        {
            throw new CommandFailedException($"{e.Message}; name a kubeconfig with --kubeconfig", e);
        }
    }

    /// <summary>Where to look for a kubeconfig.</summary>
    /// <exception cref="CommandFailedException">One is named that does not exist.</exception>
    public static IReadOnlyList<string> Paths(ParseResult parsed) => Said(parsed, KubeconfigName) is not { } name ? DefaultPaths()
        : File.Exists(name) ? [name]
        : Directory.Exists(name) ? throw new CommandFailedException($"--kubeconfig: {name} is a folder")
        : throw new CommandFailedException($"--kubeconfig: there is no file {name}");

    /// <summary>The namespace asked for, or that of the context.</summary>
    public string Namespace(ParseResult parsed, KubeClient client) => parsed.GetValue(@namespace) ?? client.Config.DefaultNamespace;

    /// <summary>The namespace asked for; null when none is, or the command knows none.</summary>
    public static string? Namespace(ParseResult parsed) => Said(parsed, NamespaceName);

    /// <summary>Also of a command line that is not finished yet, or of a command that has no such option.</summary>
    private static string? Said(ParseResult parsed, string option) =>
        parsed.CommandResult.Command.Options.FirstOrDefault(o => o.Name == option) is { } found && parsed.GetResult(found) is { Tokens: [{ } said, ..] } ? said.Value : null;

    private static string[] DefaultPaths()
    {
        if (Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 } named)
        {
            return named.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        }

        var installation = new DataDirectory(Environment.GetEnvironmentVariable(DataDirectory.Variable) ?? ".orrery");
        return [installation.AdminKubeconfig, Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kube", "config")];
    }
}
