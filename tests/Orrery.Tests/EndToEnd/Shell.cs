using System.Diagnostics;
using System.Text;

namespace Orrery.Tests.EndToEnd;

/// <summary>How a program ended.</summary>
internal sealed record Ended(int ExitCode, string Output, string Error)
{
    /// <summary>What was run, for failures.</summary>
    public string Command { get; init; } = "";

    /// <summary>The output of a program that must have succeeded.</summary>
    public string Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode} of {Command}\n{Output}\n{Error}");
        return Output;
    }
}

/// <summary>Runs programs to their end.</summary>
internal static class Shell
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(8);

    /// <summary>
    /// What kubectl (1.30 to 1.32 at least) says when it has dropped output that came before it was ready for it, as may happen to any of its streams by WebSocket on a busy machine. It may end well all the same, and is asked again.
    /// </summary>
    private const string Dropped = "Unknown stream id";

    private const int Tries = 3;

    public static async Task<Ended> RunAsync(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string? input = null)
    {
        string[] all = [.. arguments];
        Ended ended = await RunOnceAsync(program, all, environment, input);
        for (int tried = 1; tried < Tries && ended.Error.Contains(Dropped, StringComparison.Ordinal); tried++)
        {
            ended = await RunOnceAsync(program, all, environment, input);
        }

        return ended;
    }

    private static async Task<Ended> RunOnceAsync(string program, string[] arguments, IReadOnlyDictionary<string, string>? environment, string? input)
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Repository.Root,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        string command = $"{Path.GetFileName(program)} {string.Join(' ', start.ArgumentList)}";
        using Process process = Process.Start(start)!;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(Limit);
        var output = new StringBuilder();
        var error = new StringBuilder();
        try
        {
            await Task.WhenAll(
                WriteAsync(process, input, timeout.Token),
                ReadAsync(process.StandardOutput, output, timeout.Token),
                ReadAsync(process.StandardError, error, timeout.Token),
                process.WaitForExitAsync(timeout.Token));
            return new Ended(process.ExitCode, output.ToString(), error.ToString()) { Command = command };
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"within {Limit.TotalMinutes} minutes {command} did not end\n{output}\n{error}");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    private static async Task WriteAsync(Process process, string? input, CancellationToken cancellationToken)
    {
        try
        {
            await using StreamWriter stdin = process.StandardInput;
            await stdin.WriteAsync(input.AsMemory(), cancellationToken);
        }
        catch (IOException)
        {
            // It ended, or closed its input, without reading all of it: its exit code tells whether that is right.
        }
    }

    private static async Task ReadAsync(StreamReader from, StringBuilder to, CancellationToken cancellationToken)
    {
        char[] part = new char[4096];
        while (await from.ReadAsync(part, cancellationToken) is > 0 and var read)
        {
            to.Append(part, 0, read);
        }
    }
}
