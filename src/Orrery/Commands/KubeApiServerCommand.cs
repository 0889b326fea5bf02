using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Microsoft.Extensions.Logging;
using Orrery.KubeApiServer;
using Orrery.Serving;

namespace Orrery.Commands;

/// <summary><c>orrery kube-apiserver</c>: started with the flags that test environments pass to kube-apiserver.</summary>
internal static class KubeApiServerCommand
{
    public static Command Create()
    {
        var command = new Command("kube-apiserver", "Stand in for a kube-apiserver, with its flags: one cluster, for the test suites of others.")
        {
            TreatUnmatchedTokensAsErrors = false,
        };
        command.Options.Add(new HelpOption { Action = new FlagHelp() });
        command.SetAction((parse, cancellationToken) => RunAsync(parse.UnmatchedTokens, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        KubeApiServerOptions options = KubeApiServerOptions.From(KubeApiServerFlags.All.Parse(arguments));
        using ILoggerFactory loggers = Logging.Create(options.Verbosity >= 4 ? LogLevel.Debug : LogLevel.Information);
        if (options.WithoutEffect.Count > 0)
        {
            loggers.CreateLogger("Orrery.KubeApiServer").WithoutEffect(string.Join(", ", options.WithoutEffect.Select(name => "--" + name)));
        }

        return await Serving.Host.RunAsync(token => KubeApiServerProcess.RunAsync(options, loggers, TimeProvider.System, token), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Help in the form of kube-apiserver's: callers look in it for the flags that are understood.</summary>
    private sealed class FlagHelp : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            Console.WriteLine($"{parseResult.CommandResult.Command.Description}\n\nUsage:\n  orrery kube-apiserver [flags]\n\nFlags:\n{KubeApiServerFlags.All.Describe()}");
            return 0;
        }
    }
}
