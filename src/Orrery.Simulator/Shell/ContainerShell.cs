using System.Globalization;
using System.Text;

namespace Orrery.Simulator.Shell;

/// <summary>What <c>kubectl exec</c> meets in a simulated container: a small shell with a few programs, enough to look around and to copy files.</summary>
/// <param name="environment">Variables of the container.</param>
internal sealed class ContainerShell(ContainerFiles files, IReadOnlyDictionary<string, string> environment, string hostname, IShellStreams streams, TimeProvider time)
{
    private const int NotFound = 127;

    private string folder = "/";
    private int last;
    private bool left;
    private bool isTerminal;

    /// <summary>Runs one program.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> RunAsync(IReadOnlyList<string> command, bool tty, CancellationToken cancellationToken)
    {
        isTerminal = tty;
        return command switch
        {
            ["sh" or "bash" or "/bin/sh" or "/bin/bash", "-c", var line, ..] => await LineAsync(line, cancellationToken).ConfigureAwait(false),
            ["sh" or "bash" or "/bin/sh" or "/bin/bash", ..] => await InteractAsync(tty, cancellationToken).ConfigureAwait(false),
            _ => await ProgramAsync(command, streams.WriteAsync, cancellationToken).ConfigureAwait(false),
        };
    }

    private async Task<int> LineAsync(string line, CancellationToken cancellationToken)
    {
        try
        {
            // Nothing of a line that cannot be read is run.
            _ = ShellLine.Parse(line, Variable).Count();
        }
        catch (FormatException e)
        {
            await streams.WriteErrorAsync($"sh: {e.Message}\n", cancellationToken).ConfigureAwait(false);
            return last = 2;
        }

        foreach (ShellCommand command in ShellLine.Parse(line, Variable))
        {
            if (left || (command.After == "&&" && last != 0) || (command.After == "||" && last == 0))
            {
                continue;
            }

            last = await RedirectedAsync(command, cancellationToken).ConfigureAwait(false);
        }

        return last;
    }

    private async Task<int> RedirectedAsync(ShellCommand command, CancellationToken cancellationToken)
    {
        if (command.Output is not { } output)
        {
            return await ProgramAsync(command.Words, streams.WriteAsync, cancellationToken).ConfigureAwait(false);
        }

        var content = new MemoryStream();
        string path = ContainerFiles.Resolve(folder, output);
        if (command.Append && files.Read(path) is { } before)
        {
            content.Write(before);
        }

        int code = await ProgramAsync(
            command.Words,
            (bytes, _) =>
            {
                content.Write(bytes.Span);
                return ValueTask.CompletedTask;
            },
            cancellationToken).ConfigureAwait(false);
        return files.Write(path, content.ToArray()) ? code : await FailAsync("sh", $"can't create {output}", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads lines until the end of input or <c>exit</c>. On a terminal it echoes, as nothing else does.</summary>
    private async Task<int> InteractAsync(bool tty, CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        await PromptAsync(tty, cancellationToken).ConfigureAwait(false);
        while (!left)
        {
            ReadOnlyMemory<byte> input = await streams.ReadAsync(cancellationToken).ConfigureAwait(false);
            if (input.IsEmpty)
            {
                return line.Length > 0 ? await LineAsync(line.ToString(), cancellationToken).ConfigureAwait(false) : last;
            }

            foreach (char c in Encoding.UTF8.GetString(input.Span))
            {
                if (left || !await KeyAsync(c, line, tty, cancellationToken).ConfigureAwait(false))
                {
                    return last;
                }
            }
        }

        return last;
    }

    /// <returns>False at the end of input.</returns>
    private async Task<bool> KeyAsync(char c, StringBuilder line, bool tty, CancellationToken cancellationToken)
    {
        const char EndOfInput = '\u0004';
        const char Interrupt = '\u0003';
        switch (c)
        {
            case EndOfInput when tty && line.Length == 0:
                await EchoAsync(tty, "\r\n", cancellationToken).ConfigureAwait(false);
                return false;
            case Interrupt when tty:
                line.Clear();
                await EchoAsync(tty, "^C\r\n", cancellationToken).ConfigureAwait(false);
                break;
            case '\b' or '\u007f' when tty:
                if (line.Length > 0)
                {
                    line.Length--;
                    await EchoAsync(tty, "\b \b", cancellationToken).ConfigureAwait(false);
                }

                return true;
            case '\n' or '\r':
                await EchoAsync(tty, "\r\n", cancellationToken).ConfigureAwait(false);
                _ = await LineAsync(line.ToString(), cancellationToken).ConfigureAwait(false);
                line.Clear();
                break;
            default:
                line.Append(c);
                await EchoAsync(tty, c.ToString(), cancellationToken).ConfigureAwait(false);
                return true;
        }

        if (!left)
        {
            await PromptAsync(tty, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    private ValueTask PromptAsync(bool tty, CancellationToken cancellationToken) => EchoAsync(tty, $"{folder} # ", cancellationToken);

    private ValueTask EchoAsync(bool tty, string text, CancellationToken cancellationToken) =>
        tty ? streams.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken) : ValueTask.CompletedTask;

    private async Task<int> ProgramAsync(IReadOnlyList<string> words, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write, CancellationToken cancellationToken)
    {
        ValueTask PrintAsync(string text) => write(Encoding.UTF8.GetBytes(text), cancellationToken);
        string[] arguments = [.. words.Skip(1)];
        switch (words[0])
        {
            case "true" or ":":
                return 0;
            case "false":
                return 1;
            case "exit":
                left = true;
                return arguments.Length > 0 && int.TryParse(arguments[0], NumberStyles.None, CultureInfo.InvariantCulture, out int code) ? code & 0xff : last;
            case "echo":
                bool bare = arguments is ["-n", ..];
                await PrintAsync(string.Join(' ', arguments.Skip(bare ? 1 : 0)) + (bare ? "" : "\n")).ConfigureAwait(false);
                return 0;
            case "pwd":
                await PrintAsync(folder + "\n").ConfigureAwait(false);
                return 0;
            case "hostname":
                await PrintAsync(hostname + "\n").ConfigureAwait(false);
                return 0;
            case "whoami":
                await PrintAsync("root\n").ConfigureAwait(false);
                return 0;
            case "date":
                await PrintAsync(time.GetUtcNow().ToString("ddd MMM d HH:mm:ss 'UTC' yyyy", CultureInfo.InvariantCulture) + "\n").ConfigureAwait(false);
                return 0;
            case "env" or "printenv":
                await PrintAsync(string.Concat(environment.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}\n"))).ConfigureAwait(false);
                return 0;
            case "sleep" when arguments is [var seconds] && double.TryParse(seconds, NumberStyles.Float, CultureInfo.InvariantCulture, out double wait) && wait is >= 0 and < 86400:
                await Task.Delay(TimeSpan.FromSeconds(wait), time, cancellationToken).ConfigureAwait(false);
                return 0;
            case "cd":
                string target = ContainerFiles.Resolve(folder, arguments.Length > 0 ? arguments[0] : "/root");
                if (!files.IsFolder(target))
                {
                    return await FailAsync("sh", $"cd: can't cd to {arguments[0]}: No such file or directory", cancellationToken).ConfigureAwait(false);
                }

                folder = target;
                return 0;
            case "ls":
                return await ListAsync(arguments, PrintAsync, cancellationToken).ConfigureAwait(false);
            case "cat":
                return await CatAsync(arguments, write, cancellationToken).ConfigureAwait(false);
            case "test" or "[":
                return arguments switch
                {
                    ["-d", var path, ..] => files.IsFolder(ContainerFiles.Resolve(folder, path)) ? 0 : 1,
                    ["-f" or "-e", var path, ..] => files.Read(ContainerFiles.Resolve(folder, path)) is not null ? 0 : 1,
                    _ => 2,
                };
            case "stty" when arguments is ["size"] && isTerminal:
                await PrintAsync(string.Create(CultureInfo.InvariantCulture, $"{streams.Size?.Rows ?? 0} {streams.Size?.Columns ?? 0}\n")).ConfigureAwait(false);
                return 0;
            case "stty":
                return await FailAsync("stty", isTerminal ? "only the size is known here" : "standard input: Not a tty", cancellationToken).ConfigureAwait(false);
            case "mkdir":
                foreach (string made in arguments.Where(a => !a.StartsWith('-')))
                {
                    files.MakeFolder(ContainerFiles.Resolve(folder, made));
                }

                return 0;
            case "touch":
                return arguments.All(a => files.Read(ContainerFiles.Resolve(folder, a)) is not null || files.Write(ContainerFiles.Resolve(folder, a), [])) ? 0 : 1;
            case "rm":
                return arguments.Where(a => !a.StartsWith('-')).All(a => files.Remove(ContainerFiles.Resolve(folder, a))) || arguments.Contains("-f") ? 0 : 1;
            case "tar":
                return await Tape.RunAsync(files, folder, arguments, streams, write, cancellationToken).ConfigureAwait(false);
            default:
                await streams.WriteErrorAsync($"sh: {words[0]}: not found\n", cancellationToken).ConfigureAwait(false);
                return NotFound;
        }
    }

    private async Task<int> ListAsync(string[] arguments, Func<string, ValueTask> print, CancellationToken cancellationToken)
    {
        string path = arguments.LastOrDefault(a => !a.StartsWith('-')) ?? ".";
        string at = ContainerFiles.Resolve(folder, path);
        if (!files.IsFolder(at) && files.Read(at) is null)
        {
            return await FailAsync("ls", $"{path}: No such file or directory", cancellationToken).ConfigureAwait(false);
        }

        await print(files.IsFolder(at) ? string.Concat(files.List(at).Select(n => n + "\n")) : path + "\n").ConfigureAwait(false);
        return 0;
    }

    private async Task<int> CatAsync(string[] arguments, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write, CancellationToken cancellationToken)
    {
        if (arguments.Length == 0)
        {
            ReadOnlyMemory<byte> input;
            while (!(input = await streams.ReadAsync(cancellationToken).ConfigureAwait(false)).IsEmpty)
            {
                await write(input, cancellationToken).ConfigureAwait(false);
            }

            return 0;
        }

        int code = 0;
        foreach (string path in arguments)
        {
            if (files.Read(ContainerFiles.Resolve(folder, path)) is { } content)
            {
                await write(content, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                code = await FailAsync("cat", $"can't open '{path}': No such file or directory", cancellationToken).ConfigureAwait(false);
            }
        }

        return code;
    }

    private async Task<int> FailAsync(string program, string fault, CancellationToken cancellationToken)
    {
        await streams.WriteErrorAsync($"{program}: {fault}\n", cancellationToken).ConfigureAwait(false);
        return 1;
    }

    private string Variable(string name) => name == "?" ? last.ToString(CultureInfo.InvariantCulture) : environment.GetValueOrDefault(name, "");
}
