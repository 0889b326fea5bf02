using System.Diagnostics;
using Orrery.Commands;

namespace Orrery.Demo;

/// <summary>Runs the machine's kubectl and shows each command with its real output.</summary>
internal sealed class Kubectl(string program, string kubeconfig)
{
    /// <summary>The first kubectl on PATH, or null.</summary>
    public static string? Find() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, OperatingSystem.IsWindows() ? "kubectl.exe" : "kubectl"))
            .FirstOrDefault(File.Exists);

    /// <summary>Prints the command as a user would type it, runs it, prints what it prints.</summary>
    /// <exception cref="CommandFailedException">kubectl's exit code was not 0.</exception>
    public async Task ShowAsync(string arguments, CancellationToken cancellationToken)
    {
        Console.WriteLine($"$ kubectl {arguments}");
        await RunAsync(arguments, show: true, cancellationToken).ConfigureAwait(false);
        Console.WriteLine();
    }

    private async Task RunAsync(string arguments, bool show, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KUBECONFIG"] = kubeconfig;
        foreach (string argument in Split(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start) ?? throw new CommandFailedException($"{program} could not be started");
        Task<string> error = process.StandardError.ReadToEndAsync(cancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (show)
        {
            Console.Write(output);
            Console.Write(await error.ConfigureAwait(false));
        }

        if (process.ExitCode != 0)
        {
            throw new CommandFailedException($"kubectl {arguments} failed with exit code {process.ExitCode}");
        }
    }

    /// <summary>Splits as a shell does for what the story uses: spaces, and single quotes around a part.</summary>
    private static IEnumerable<string> Split(string arguments)
    {
        var word = new System.Text.StringBuilder();
        bool quoted = false;
        foreach (char c in arguments + " ")
        {
            if (c == '\'')
            {
                quoted = !quoted;
            }
            else if (c == ' ' && !quoted)
            {
                if (word.Length > 0)
                {
                    yield return word.ToString();
                    word.Clear();
                }
            }
            else
            {
                word.Append(c);
            }
        }
    }
}
