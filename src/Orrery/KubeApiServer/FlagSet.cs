using System.Globalization;
using System.Text;
using Orrery.Api;
using Orrery.Commands;

namespace Orrery.KubeApiServer;

/// <summary>What a flag takes.</summary>
internal enum FlagKind
{
    Text,

    /// <summary>Values separated by commas; given again, they add up.</summary>
    List,

    /// <summary><c>name=value</c> pairs, otherwise as a list.</summary>
    Pairs,

    /// <summary>As <see cref="Pairs"/>, and a name alone has an empty value.</summary>
    Settings,

    /// <summary>Alone it means true.</summary>
    Switch,

    Number,

    /// <summary>As Go writes one: <c>1h30m</c>.</summary>
    Duration,
}

/// <summary>One flag that the launcher knows.</summary>
/// <param name="Default">Empty for none.</param>
internal sealed record Flag(string Name, FlagKind Kind, string Description, string Default = "")
{
    /// <summary>It is taken for the sake of callers and changes nothing, which is said at the start.</summary>
    public bool IsWithoutEffect { get; init; }
}

/// <summary>
/// Reads flags as kube-apiserver does (spf13/pflag): <c>--name=value</c>, <c>--name value</c>, switches without a value,
/// underscores for dashes. The last one wins, but lists add up.
/// </summary>
internal sealed class FlagSet(IReadOnlyList<Flag> flags)
{
    private readonly Dictionary<string, Flag> byName = flags.ToDictionary(f => f.Name, StringComparer.Ordinal);

    /// <exception cref="CommandFailedException">A flag that is not known, lacks its value, or has one that cannot be read: each by its name.</exception>
    public FlagValues Parse(IReadOnlyList<string> arguments)
    {
        var given = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            if (argument is "-v" || argument.StartsWith("-v=", StringComparison.Ordinal))
            {
                argument = "-" + argument;
            }

            if (argument.Length < 3 || !argument.StartsWith("--", StringComparison.Ordinal))
            {
                throw new CommandFailedException(argument.StartsWith('-') ? $"unknown shorthand flag: {argument}" : $"takes no arguments, got \"{argument}\"");
            }

            int equals = argument.IndexOf('=', StringComparison.Ordinal);
            string name = (equals < 0 ? argument[2..] : argument[2..equals]).Replace('_', '-');
            if (!byName.TryGetValue(name, out Flag? flag))
            {
                throw new CommandFailedException($"unknown flag: --{name}");
            }

            string value = equals >= 0 ? argument[(equals + 1)..]
                : flag.Kind == FlagKind.Switch ? "true"
                : ++i < arguments.Count ? arguments[i]
                : throw new CommandFailedException($"flag needs an argument: --{name}");
            Add(given, flag, value);
        }

        return new FlagValues(byName, given);
    }

    /// <summary>One flag a line, as <c>--help</c> prints them; test environments look here for what is understood.</summary>
    public string Describe()
    {
        var text = new StringBuilder();
        foreach (Flag flag in flags.OrderBy(f => f.Name, StringComparer.Ordinal))
        {
            string kind = flag.Kind switch { FlagKind.Switch => "", FlagKind.List => " strings", FlagKind.Pairs => " mapStringBool", FlagKind.Settings => " mapStringString", FlagKind.Number => " int", FlagKind.Duration => " duration", _ => " string" };
            string standard = flag.Default.Length == 0 ? "" : flag.Kind is FlagKind.Text ? $" (default \"{flag.Default}\")" : $" (default {flag.Default})";
            text.Append(CultureInfo.InvariantCulture, $"      --{flag.Name}{kind}\n                {flag.Description}{standard}\n");
        }

        return text.ToString();
    }

    private static void Add(Dictionary<string, List<string>> given, Flag flag, string value)
    {
        string? problem = flag.Kind switch
        {
            FlagKind.Switch when FlagValues.Boolean(value) is null => "want true or false",
            FlagKind.Number when !int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) => "want a whole number",
            FlagKind.Duration when GoDuration.Parse(value) is null => "want a duration such as 30s or 1h30m",
            FlagKind.Pairs when value.Split(',', StringSplitOptions.RemoveEmptyEntries).Any(pair => !pair.Contains('=', StringComparison.Ordinal)) => "want name=value pairs",
            _ => null,
        };
        if (problem is not null)
        {
            throw new CommandFailedException($"invalid argument \"{value}\" for \"--{flag.Name}\" flag: {problem}");
        }

        if (!given.TryGetValue(flag.Name, out List<string>? values))
        {
            given[flag.Name] = values = [];
        }

        if (flag.Kind is not (FlagKind.List or FlagKind.Pairs or FlagKind.Settings))
        {
            values.Clear();
        }

        values.Add(value);
    }
}
