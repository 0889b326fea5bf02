namespace Orrery.Helm.Yaml;

/// <summary>A place in a YAML text; lines and columns count from 0, columns in characters.</summary>
internal readonly record struct YamlMark(int Index, int Line, int Column);

internal enum YamlTokenKind
{
    StreamStart, StreamEnd, VersionDirective, TagDirective, DocumentStart, DocumentEnd, BlockSequenceStart, BlockMappingStart, BlockEnd,
    FlowSequenceStart, FlowSequenceEnd, FlowMappingStart, FlowMappingEnd, BlockEntry, FlowEntry, Key, Value, Alias, Anchor, Tag, Scalar,
}

/// <summary>One token. What <paramref name="Text"/> holds depends on the kind: a scalar's value, an anchor's name, a tag's handle.</summary>
internal sealed record YamlToken(YamlTokenKind Kind, YamlMark Start, string Text = "", string Suffix = "", bool IsPlain = false);

/// <summary>A text that is no YAML; the message is go-yaml's, with the line it names.</summary>
internal sealed class YamlSyntaxException(string message) : Exception(message)
{
    /// <summary>A fault of the scanner, which go-yaml places one line further than one of the parser.</summary>
    public static YamlSyntaxException Scanning(YamlMark context, YamlMark problem, string message) =>
        Place(problem.Line != 0 ? problem.Line + 1 : context.Line, message);

    public static YamlSyntaxException Parsing(YamlMark context, YamlMark problem, string message) =>
        Place(problem.Line != 0 ? problem.Line : context.Line, message);

    private static YamlSyntaxException Place(int line, string message) =>
        new(line == 0 ? message : FormattableString.Invariant($"line {line}: {message}"));
}
