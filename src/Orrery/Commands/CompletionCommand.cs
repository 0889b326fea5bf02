using System.CommandLine;

namespace Orrery.Commands;

/// <summary><c>orrery completion SHELL</c>: prints what makes a shell complete orrery's command lines, names of objects included.</summary>
internal static class CompletionCommand
{
    /// <summary>Asks for completions: the words typed so far, the last one maybe empty.</summary>
    public const string Query = "__complete";

    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "Print a script for a shell: source <(orrery completion bash).") { shell };
        command.SetAction(parsed =>
        {
            Console.Write(parsed.GetValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return 0;
        });
        return command;
    }

    /// <summary>The hidden command that the scripts call.</summary>
    public static Command CreateQuery(Func<RootCommand> root)
    {
        var words = new Argument<string[]>("WORD") { Arity = ArgumentArity.ZeroOrMore, CaptureRemainingTokens = true };
        var command = new Command(Query) { words };
        command.Hidden = true;
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(parsed => Write(root(), [.. (parsed.GetValue(words) ?? []).SkipWhile(w => w == "--")]));
        return command;
    }

    /// <summary>One completion a line. <paramref name="words"/> are what stands behind <c>orrery</c>.</summary>
    public static int Write(RootCommand root, IReadOnlyList<string> words)
    {
        // --class=s, which bash hands over as three words.
        string option = words is [.., ['-', '-', ..] joined] && joined.Contains('=', StringComparison.Ordinal) ? joined[..(joined.IndexOf('=', StringComparison.Ordinal) + 1)] : "";
        List<string> said = option.Length > 0 ? [.. words.SkipLast(1), option[..^1], words[^1][option.Length..]] : words is [.., "="] ? [.. words.SkipLast(1), ""] : [.. words.Where(w => w != "=")];
        string begun = said.Count > 0 ? said[^1] : "";
        string line = string.Join(' ', said.Select(w => w.Contains(' ', StringComparison.Ordinal) ? $"\"{w}\"" : w));
        foreach (string label in Labels(root, line).Where(l => l.StartsWith(begun, StringComparison.Ordinal)).Distinct(StringComparer.Ordinal))
        {
            Console.WriteLine(option + label);
        }

        return 0;
    }

    /// <summary>Options where one was begun, as other programs do, and of a command's names its first.</summary>
    private static IEnumerable<string> Labels(RootCommand root, string line)
    {
        ParseResult parsed;
        try
        {
            parsed = root.Parse(line);
        }
        catch (InvalidOperationException)
        {
            // A rule about options that belong together has met one that is not finished.
            return [];
        }

        bool wantsOption = line.Length > 0 && line[(line.LastIndexOf(' ') + 1)..].StartsWith('-');
        HashSet<string> aliases = [.. parsed.CommandResult.Command.Subcommands.SelectMany(c => c.Aliases.Where(a => a != c.Name))];
        return parsed.GetCompletions(line.Length).Select(c => c.Label).Where(l => l.StartsWith('-') == wantsOption && l is not ['/', ..] && !aliases.Contains(l));
    }

    private const string Bash = """
        _orrery() {
          local IFS=$'\n'
          COMPREPLY=($("${COMP_WORDS[0]}" __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
        }
        complete -o default -F _orrery orrery

        """;

    private const string Zsh = """
        #compdef orrery
        _orrery() {
          local -a found
          found=(${(f)"$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
          if (( $#found )); then compadd -- $found; else _files; fi
        }
        compdef _orrery orrery

        """;

    private const string Fish = """
        function __orrery_complete
            set -l words (commandline -opc) (commandline -ct)
            set -l found ($words[1] __complete -- $words[2..-1] 2>/dev/null)
            if set -q found[1]
                printf '%s\n' $found
            else
                __fish_complete_path (commandline -ct)
            end
        end
        complete -c orrery -f -a '(__orrery_complete)'

        """;
}
