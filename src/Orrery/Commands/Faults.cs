using System.CommandLine;
using System.Security.Authentication;
using Orrery.Api;

namespace Orrery.Commands;

/// <summary>What a person is told of what went wrong: a sentence, never a stack trace.</summary>
internal static class Faults
{
    /// <summary>Ended by the user, as shells count it: 128 and the number of SIGINT.</summary>
    public const int Interrupted = 130;

    /// <summary>Commands that run on: of their unforeseen end their log is to hold all that is known.</summary>
    private static readonly string[] Servers = ["serve", "satellite", "controllers", "simulate", "kube-apiserver", "run"];

    /// <returns>The message, empty for none, and the exit code; null for what nobody foresaw in a process that runs on.</returns>
    public static (string Message, int ExitCode)? Of(Exception error, ParseResult? parsed) => error switch
    {
        CommandFailedException e => (e.Message, e.ExitCode),
        StatusException e => (Sentence(e), 1),
        HttpRequestException { InnerException: AuthenticationException e } =>
            ($"the control plane cannot be trusted ({Sentence(e)}): another server listens there, or the kubeconfig is of another installation", 1),
        HttpRequestException or TimeoutException => ($"the control plane cannot be reached ({error.Message}); 'orrery status' tells what runs", 1),
        OperationCanceledException => ("", Interrupted),
        IOException or InvalidDataException or UnauthorizedAccessException => (error.Message, 1),
        _ when parsed is not null && Servers.Contains(parsed.CommandResult.Command.Name) => null,
        _ => ($"unforeseen, and so a mistake of ours: {error.GetType().Name}: {error.Message}", 1),
    };

    /// <summary>What a server has refused, and where its own words do not tell it, why.</summary>
    public static string Sentence(StatusException error) => $"the server answered {error.Code} {error.Reason}: " + error switch
    {
        { Code: 401 } => "the credential of the kubeconfig is not good there, or not any more",
        { IsUnserved: true } => $"{error.Message}: that API is not served there; the kubeconfig may be that of a virtual cluster or a data plane, where root's is meant",
        _ => error.Message,
    };

    private static string Sentence(AuthenticationException error) => (error.InnerException ?? error).Message.TrimEnd('.');
}
