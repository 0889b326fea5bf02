using System.CommandLine;
using Orrery.Client;
using Orrery.Installation;

namespace Orrery.Commands.Objects;

/// <summary>Which cluster a command speaks to, and as whom: <c>--kubeconfig</c>, <c>--context</c>, <c>--namespace</c>, as with kubectl.</summary>
internal sealed class ClusterOptions
{
    private readonly Option<string> kubeconfig = new("--kubeconfig")
    {
        Description = "Kubeconfig to use. Default: $KUBECONFIG, then the installation's in the data directory, then ~/.kube/config.",
        HelpName = "FILE",
    };

    private readonly Option<string> context = new("--context") { Description = "Context of the kubeconfig. Default: its current one.", HelpName = "NAME" };

    private readonly Option<string> @namespace = new("--namespace", "-n") { Description = "Namespace. Default: that of the context.", HelpName = "NAME" };

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

    public ClientConfig Config(ParseResult parsed)
    {
        string? name = parsed.GetValue(kubeconfig);
        if (name is not null && !File.Exists(name))
        {
            throw new CommandFailedException($"--kubeconfig: there is no file {name}");
        }

        try
        {
            return KubeConfig.Load(name is null ? DefaultPaths() : [name], parsed.GetValue(context)) with { UserAgent = "orrery-cli/0.1.0" };
        }
        catch (InvalidDataException e)
        {
            throw new CommandFailedException($"{e.Message}; name a kubeconfig with --kubeconfig", e);
        }
    }

    /// <summary>The namespace asked for, or that of the context.</summary>
    public string Namespace(ParseResult parsed, KubeClient client) => parsed.GetValue(@namespace) ?? client.Config.DefaultNamespace;

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
