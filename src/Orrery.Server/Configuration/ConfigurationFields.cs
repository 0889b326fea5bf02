using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery;

namespace Orrery.Server.Configuration;

/// <summary>Reads one object of a configuration, strictly; faults name the field by its path.</summary>
internal readonly record struct ConfigurationFields(JsonObject Json, string At)
{
    /// <summary>A whole configuration.</summary>
    /// <param name="yaml">YAML or JSON.</param>
    /// <param name="group">The group of its apiVersion.</param>
    /// <param name="versions">Those that are read alike, the one to name in errors first.</param>
    /// <exception cref="FormatException">It is no YAML, is of another kind, or repeats a field.</exception>
    public static ConfigurationFields Parse(string yaml, string group, string kind, params string[] versions)
    {
        ConfigurationFields read = Read(yaml);
        return read.Json.Kind == kind && versions.Any(v => read.Json.ApiVersion == $"{group}/{v}") ? read : throw new FormatException($"want kind {kind} of {group}/{versions[0]}");
    }

    /// <summary>An object of whatever kind.</summary>
    /// <exception cref="FormatException">It is no YAML of an object, or repeats a field.</exception>
    public static ConfigurationFields Read(string yaml)
    {
        var repeated = new List<string>();
        JsonObject json = YamlJson.Parse(yaml, repeated) as JsonObject ?? throw new FormatException("want an object");
        return repeated.Count > 0 ? throw new FormatException(YamlJson.RepetitionFault(repeated)) : new ConfigurationFields(json, "");
    }

    public string Path(string name) => At.Length == 0 ? name : $"{At}.{name}";

    /// <exception cref="FormatException">There is a field of another name.</exception>
    public void RequireOnly(params ReadOnlySpan<string> known)
    {
        foreach ((string name, _) in Json)
        {
            if (!known.Contains(name))
            {
                throw new FormatException($"{Path(name)}: no such field");
            }
        }
    }

    /// <summary>Null where it is not said.</summary>
    /// <exception cref="FormatException">It is no text.</exception>
    public string? Text(string name) => Json[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out string? text) => text,
        _ => throw new FormatException($"{Path(name)}: want a text"),
    };

    /// <exception cref="FormatException">It is missing, empty, or no text.</exception>
    public string Required(string name) => Text(name) is { Length: > 0 } text ? text : throw new FormatException($"{Path(name)}: Required value");

    /// <exception cref="FormatException">It is neither true nor false.</exception>
    public bool? Flag(string name) => Json[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out bool flag) => flag,
        _ => throw new FormatException($"{Path(name)}: want true or false"),
    };

    public ConfigurationFields? Child(string name) => Json[name] switch
    {
        null => null,
        JsonObject json => new ConfigurationFields(json, Path(name)),
        _ => throw new FormatException($"{Path(name)}: want an object"),
    };

    public ConfigurationFields RequiredChild(string name) => Child(name) ?? throw new FormatException($"{Path(name)}: Required value");

    /// <summary>Objects of a list; none where it is not said.</summary>
    public IReadOnlyList<ConfigurationFields> List(string name)
    {
        string path = Path(name);
        return Json[name] switch
        {
            null => [],
            JsonArray list => [.. list.Select((item, i) => new ConfigurationFields(item as JsonObject ?? throw new FormatException($"{path}[{i}]: want an object"), $"{path}[{i}]"))],
            _ => throw new FormatException($"{path}: want a list"),
        };
    }

    public IReadOnlyList<string> Texts(string name)
    {
        string path = Path(name);
        return Json[name] switch
        {
            null => [],
            JsonArray list => [.. list.Select((item, i) => item is JsonValue value && value.TryGetValue(out string? text) ? text : throw new FormatException($"{path}[{i}]: want a text"))],
            _ => throw new FormatException($"{path}: want a list"),
        };
    }
}
