using System.CommandLine;
using System.CommandLine.Invocation;
using Orrery;
using Orrery.Api;
using Orrery.Commands;

RootCommand root = CommandLine.Create();
try
{
    if (Invocation.Name() == Invocation.PluginCompletion)
    {
        // kubectl reads completions a line each, then what it may do with them: 4 is "do not offer files".
        int code = CompletionCommand.Write(root, args);
        Console.WriteLine(":4");
        return code;
    }

    ParseResult parsed = root.Parse(args);
    if (parsed.Action is ParseErrorAction error)
    {
        return Misuse.Tell(parsed, error);
    }

    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(10) }).ConfigureAwait(false);
}
catch (CommandFailedException error)
{
    await Console.Error.WriteLineAsync($"orrery: {error.Message}").ConfigureAwait(false);
    return error.ExitCode;
}
catch (StatusException error)
{
    await Console.Error.WriteLineAsync($"orrery: the server answered {error.Code} {error.Reason}: {error.Message}").ConfigureAwait(false);
    return 1;
}
catch (Exception error) when (error is HttpRequestException or TimeoutException)
{
    await Console.Error.WriteLineAsync($"orrery: the control plane cannot be reached ({error.Message}); 'orrery status' tells what runs").ConfigureAwait(false);
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}
