using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Orrery.Commands.Objects;

namespace Orrery.Commands;

/// <summary>What is said of a command line that means nothing: what is wrong, what was probably meant, where more stands. Nothing of it on standard output.</summary>
internal static class Misuse
{
    private const int Failed = 1;

    /// <summary>As other programs name what is named otherwise here: the nearest name may be that of something else, as <c>revoke</c> is to <c>remove</c>.</summary>
    private static readonly Dictionary<string, string> Elsewhere = new(StringComparer.Ordinal)
    {
        ["list"] = "get", ["ls"] = "get", ["show"] = "describe", ["remove"] = "delete", ["rm"] = "delete", ["update"] = "set", ["edit"] = "set", ["new"] = "create",
    };

    /// <returns>The exit code.</returns>
    public static int Tell(ParseResult parsed, ParseErrorAction error)
    {
        Command command = parsed.CommandResult.Command;
        string path = string.Join(' ', Path(parsed.CommandResult).Reverse());
        if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [] && command is not RootCommand)
        {
            // A group of commands alone: which there are.
            Console.Error.WriteLine($"orrery: '{path}' is a group of commands, and needs one of them: {string.Join(", ", command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name).Order(StringComparer.Ordinal))}");
        }
        else if (command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [])
        {
            error.ShowTypoCorrections = false;
            _ = error.Invoke(parsed);
            return Failed;
        }
        else if (command.Subcommands.Count > 0)
        {
            string? near = Elsewhere.TryGetValue(parsed.UnmatchedTokens[0], out string? other) && command.Subcommands.Any(c => c.Name == other && !c.Hidden) ? other
                : NearestName.Of(parsed.UnmatchedTokens[0], command.Subcommands.Where(c => !c.Hidden).SelectMany(c => c.Aliases.Append(c.Name)));
            Console.Error.WriteLine($"orrery: there is no command '{path} {parsed.UnmatchedTokens[0]}'{(near is null ? "" : $"; did you mean {near}?")}");
        }
        else
        {
            foreach (ParseError one in parsed.Errors.DistinctBy(e => e.Message))
            {
                Console.Error.WriteLine($"orrery: {Sentence(one)}");
            }
        }

        Console.Error.WriteLine($"See '{path} --help'.");
        return path.StartsWith("orrery diff", StringComparison.Ordinal) ? DiffCommand.Trouble : Failed;
    }

    /// <summary>The library's own sentences name types of .NET instead of what is wanted, take a line for each value, and do not always say of which option they are.</summary>
    private static string Sentence(ParseError error)
    {
        if (error is not { SymbolResult: { Tokens: [.., { Value: var said }] } result } || !(error.Message.StartsWith("Cannot parse argument", StringComparison.Ordinal) || error.Message.StartsWith("Argument '", StringComparison.Ordinal)))
        {
            return error.Message;
        }

        (string name, Type type) = result switch
        {
            OptionResult { Option: var option } => (option.Name, option.ValueType),
            ArgumentResult { Argument: { Name: var argument, ValueType: var value } } => (argument, value),
            _ => ("", typeof(string)),
        };
        string[] lines = error.Message.Split('\n', StringSplitOptions.TrimEntries);
        return $"{name}: '{said}' is " + (lines.Length > 1 ? "none of " + string.Join(", ", lines[1..].Select(l => l.Trim('\'')))
            : type == typeof(double) ? "no number"
            : "no whole number, or one too large");
    }

    private static IEnumerable<string> Path(CommandResult? result)
    {
        for (; result is not null; result = result.Parent as CommandResult)
        {
            yield return result.Command is RootCommand ? "orrery" : result.Command.Name;
        }
    }
}
