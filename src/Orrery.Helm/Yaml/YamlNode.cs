namespace Orrery.Helm.Yaml;

internal enum YamlNodeKind
{
    Scalar, Sequence, Mapping, Alias,
}

/// <summary>A node as it stands in the text: tags and plain scalars are not resolved, aliases not followed.</summary>
internal sealed class YamlNode(YamlNodeKind kind, string text = "")
{
    public YamlNodeKind Kind => kind;

    /// <summary>A scalar's value, or the anchor that an alias names.</summary>
    public string Text => text;

    public string Tag { get; init; } = "";

    /// <summary>Whether a scalar stands without quotes, so that its text decides its type.</summary>
    public bool IsPlain { get; init; }

    /// <summary>Elements, or keys and values in turn.</summary>
    public List<YamlNode> Children { get; } = [];

    /// <summary>What an alias stands for.</summary>
    public YamlNode? Target { get; init; }
}
