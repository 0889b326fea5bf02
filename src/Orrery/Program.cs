using System.CommandLine;
using System.CommandLine.Invocation;
using Orrery;
using Orrery.Commands;

RootCommand root = CommandLine.Create();
ParseResult? parsed = null;
Termination? termination = null;
try
{
    if (Invocation.Name() == Invocation.PluginCompletion)
    {
        // kubectl reads completions a line each, then what it may do with them: 4 is "do not offer files".
        int code = CompletionCommand.Write(root, args);
        Console.WriteLine(":4");
        return code;
    }

    parsed = root.Parse(args);
    if (parsed.Action is ParseErrorAction error)
    {
        return Misuse.Tell(parsed, error);
    }

    // What cannot be cancelled ends as the system has it.
    termination = parsed.Action is AsynchronousCommandLineAction ? new Termination() : null;
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, termination?.Token ?? CancellationToken.None).ConfigureAwait(false);
}
catch (Exception error) when (Faults.Of(error, parsed) is not null)
{
    (string message, int code) = Faults.Of(error, parsed)!.Value;
    if (message.Length > 0)
    {
        await Console.Error.WriteLineAsync($"orrery: {message}").ConfigureAwait(false);
    }

    return code == Faults.Interrupted && termination?.ExitCode is { } asked ? asked : code;
}
finally
{
    termination?.Dispose();
}
