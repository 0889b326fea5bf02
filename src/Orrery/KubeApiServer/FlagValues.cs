using System.Globalization;
using Orrery.Api;

namespace Orrery.KubeApiServer;

/// <summary>What flags were given, and the defaults of the others. Every value has been checked for its form.</summary>
internal sealed class FlagValues(IReadOnlyDictionary<string, Flag> flags, IReadOnlyDictionary<string, List<string>> given)
{
    public bool Has(string name) => given.ContainsKey(Known(name).Name);

    /// <summary>Flags that were given and change nothing, by name.</summary>
    public IReadOnlyList<string> WithoutEffect => [.. given.Keys.Where(name => flags[name].IsWithoutEffect).Order(StringComparer.Ordinal)];

    /// <summary>Null when it was not given, or as empty text, and has no default.</summary>
    public string? Text(string name) => (given.TryGetValue(Known(name).Name, out List<string>? values) ? values[^1] : Known(name).Default) is { Length: > 0 } text ? text : null;

    public IReadOnlyList<string> List(string name) =>
        [.. (given.TryGetValue(Known(name).Name, out List<string>? values) ? values : [Known(name).Default])
            .SelectMany(v => v.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];

    /// <summary>Of pairs and settings; the value is empty where there is none.</summary>
    public IReadOnlyList<(string Name, string Value)> Pairs(string name) =>
        [.. List(name).Select(pair => pair.Split('=', 2)).Select(parts => (parts[0], parts.Length == 2 ? parts[1] : ""))];

    public bool Switch(string name) => Text(name) is { } text && Boolean(text) == true;

    public int Number(string name) => int.Parse(Text(name) ?? "0", NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    public TimeSpan? Duration(string name) => Text(name) is { } text ? GoDuration.Parse(text) : null;

    /// <summary>As Go's strconv.ParseBool; null for anything else.</summary>
    public static bool? Boolean(string text) => text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => null,
    };

    private Flag Known(string name) => flags.TryGetValue(name, out Flag? flag) ? flag : throw new ArgumentException($"--{name} is not defined", nameof(name));
}
