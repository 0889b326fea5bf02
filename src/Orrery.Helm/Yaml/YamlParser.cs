using System.Runtime.CompilerServices;

namespace Orrery.Helm.Yaml;

/// <summary>Makes nodes of tokens: libyaml's grammar with go-yaml's texts for what does not fit it.</summary>
internal sealed class YamlParser
{
    private const string CorePrefix = "tag:yaml.org,2002:";

    private readonly YamlScanner scanner;
    private readonly Dictionary<string, YamlNode> anchors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> handles = new(StringComparer.Ordinal) { ["!"] = "!", ["!!"] = CorePrefix };

    private YamlParser(string bytes) => scanner = new YamlScanner(bytes);

    /// <summary>The first document of a byte string, and whether another follows it; null when there is none.</summary>
    /// <exception cref="YamlSyntaxException">It is no YAML up to that document's end. What stands behind it is not looked at.</exception>
    public static YamlNode? Parse(string bytes) => new YamlParser(bytes).Document();

    private YamlToken Token => scanner.Peek();

    private YamlTokenKind Kind => scanner.Peek().Kind;

    private YamlToken Take()
    {
        YamlToken token = scanner.Peek();
        scanner.Skip();
        return token;
    }

    private YamlNode? Document()
    {
        Take();
        bool isImplicit = Kind is not (YamlTokenKind.VersionDirective or YamlTokenKind.TagDirective or YamlTokenKind.DocumentStart or YamlTokenKind.DocumentEnd or YamlTokenKind.StreamEnd);
        while (Kind == YamlTokenKind.DocumentEnd)
        {
            Take();
        }

        if (Kind == YamlTokenKind.StreamEnd)
        {
            return null;
        }

        if (!isImplicit)
        {
            Directives();
            if (Kind != YamlTokenKind.DocumentStart)
            {
                throw YamlSyntaxException.Parsing(default, Token.Start, "did not find expected <document start>");
            }

            Take();
        }

        YamlNode root = Kind is YamlTokenKind.VersionDirective or YamlTokenKind.TagDirective or YamlTokenKind.DocumentStart or YamlTokenKind.DocumentEnd or YamlTokenKind.StreamEnd
            ? Empty()
            : Node(block: true, indentless: false);
        _ = Kind;
        return root;
    }

    private void Directives()
    {
        bool version = false;
        for (; Kind is YamlTokenKind.VersionDirective or YamlTokenKind.TagDirective; Take())
        {
            YamlToken directive = Token;
            if (directive.Kind == YamlTokenKind.TagDirective)
            {
                if (!handles.TryAdd(directive.Text, directive.Suffix) && directive.Text is not ("!" or "!!"))
                {
                    throw YamlSyntaxException.Parsing(default, directive.Start, "found duplicate %TAG directive");
                }

                handles[directive.Text] = directive.Suffix;
                continue;
            }

            if (version)
            {
                throw YamlSyntaxException.Parsing(default, directive.Start, "found duplicate %YAML directive");
            }

            version = true;
            if (directive.Text != "1.1")
            {
                throw YamlSyntaxException.Parsing(default, directive.Start, "found incompatible YAML document");
            }
        }
    }

    private static YamlNode Empty() => new(YamlNodeKind.Scalar) { IsPlain = true };

    private YamlNode Node(bool block, bool indentless)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        YamlToken first = Token;
        if (first.Kind == YamlTokenKind.Alias)
        {
            Take();
            return anchors.TryGetValue(first.Text, out YamlNode? target)
                ? new YamlNode(YamlNodeKind.Alias, first.Text) { Target = target }
                : throw new YamlSyntaxException($"unknown anchor '{first.Text}' referenced");
        }

        (string? anchor, YamlToken? tagToken) = Properties();
        string tag = tagToken is null ? "" : Resolve(tagToken, first.Start);
        YamlToken token = Token;
        switch (token.Kind)
        {
            case YamlTokenKind.BlockEntry when indentless:
                return Indentless(Anchored(anchor, new YamlNode(YamlNodeKind.Sequence) { Tag = tag }));
            case YamlTokenKind.Scalar:
                Take();
                return Anchored(anchor, new YamlNode(YamlNodeKind.Scalar, token.Text) { Tag = tag, IsPlain = tag.Length == 0 && token.IsPlain });
            case YamlTokenKind.FlowSequenceStart:
                return FlowSequence(Anchored(anchor, new YamlNode(YamlNodeKind.Sequence) { Tag = tag }));
            case YamlTokenKind.FlowMappingStart:
                return FlowMapping(Anchored(anchor, new YamlNode(YamlNodeKind.Mapping) { Tag = tag }));
            case YamlTokenKind.BlockSequenceStart when block:
                return BlockSequence(Anchored(anchor, new YamlNode(YamlNodeKind.Sequence) { Tag = tag }));
            case YamlTokenKind.BlockMappingStart when block:
                return BlockMapping(Anchored(anchor, new YamlNode(YamlNodeKind.Mapping) { Tag = tag }));
        }

        return anchor is not null || tagToken is not null
            ? Anchored(anchor, new YamlNode(YamlNodeKind.Scalar) { Tag = tag, IsPlain = tag.Length == 0 })
            : throw YamlSyntaxException.Parsing(first.Start, token.Start, "did not find expected node content");
    }

    private (string? Anchor, YamlToken? Tag) Properties()
    {
        string? anchor = null;
        YamlToken? tag = null;
        while (Kind == YamlTokenKind.Anchor && anchor is null || Kind == YamlTokenKind.Tag && tag is null)
        {
            YamlToken token = Take();
            (anchor, tag) = token.Kind == YamlTokenKind.Anchor ? (token.Text, tag) : (anchor, token);
        }

        return (anchor, tag);
    }

    private string Resolve(YamlToken tag, YamlMark node)
    {
        if (tag.Text.Length == 0)
        {
            return tag.Suffix == "!" ? "" : tag.Suffix;
        }

        return handles.TryGetValue(tag.Text, out string? prefix)
            ? prefix + tag.Suffix
            : throw YamlSyntaxException.Parsing(node, tag.Start, "found undefined tag handle");
    }

    private YamlNode Anchored(string? anchor, YamlNode node)
    {
        if (anchor is not null)
        {
            anchors[anchor] = node;
        }

        return node;
    }

    private YamlNode Indentless(YamlNode sequence)
    {
        while (Kind == YamlTokenKind.BlockEntry)
        {
            Take();
            sequence.Children.Add(Kind is YamlTokenKind.BlockEntry or YamlTokenKind.Key or YamlTokenKind.Value or YamlTokenKind.BlockEnd ? Empty() : Node(block: true, indentless: false));
        }

        return sequence;
    }

    private YamlNode BlockSequence(YamlNode sequence)
    {
        YamlMark start = Take().Start;
        while (Kind == YamlTokenKind.BlockEntry)
        {
            Take();
            sequence.Children.Add(Kind is YamlTokenKind.BlockEntry or YamlTokenKind.BlockEnd ? Empty() : Node(block: true, indentless: false));
        }

        Close(YamlTokenKind.BlockEnd, start, "did not find expected '-' indicator");
        return sequence;
    }

    private void Close(YamlTokenKind end, YamlMark start, string fault)
    {
        if (Kind != end)
        {
            throw YamlSyntaxException.Parsing(start, Token.Start, fault);
        }

        Take();
    }

    private YamlNode BlockMapping(YamlNode mapping)
    {
        YamlMark start = Take().Start;
        while (Kind is YamlTokenKind.Key)
        {
            Take();
            mapping.Children.Add(BlockPart());
            if (Kind == YamlTokenKind.Value)
            {
                Take();
                mapping.Children.Add(BlockPart());
            }
            else
            {
                mapping.Children.Add(Empty());
            }
        }

        Close(YamlTokenKind.BlockEnd, start, "did not find expected key");
        return mapping;
    }

    private YamlNode BlockPart() => Kind is YamlTokenKind.Key or YamlTokenKind.Value or YamlTokenKind.BlockEnd ? Empty() : Node(block: true, indentless: true);

    private YamlNode FlowSequence(YamlNode sequence)
    {
        YamlMark start = Take().Start;
        for (bool first = true; Kind != YamlTokenKind.FlowSequenceEnd; first = false)
        {
            if (!first)
            {
                Close(YamlTokenKind.FlowEntry, start, "did not find expected ',' or ']'");
            }

            if (Kind == YamlTokenKind.Key)
            {
                Take();
                var pair = new YamlNode(YamlNodeKind.Mapping);
                pair.Children.Add(FlowPart(YamlTokenKind.FlowSequenceEnd));
                pair.Children.Add(FlowValue(YamlTokenKind.FlowSequenceEnd));
                sequence.Children.Add(pair);
            }
            else if (Kind != YamlTokenKind.FlowSequenceEnd)
            {
                sequence.Children.Add(Node(block: false, indentless: false));
            }
            else
            {
                break;
            }
        }

        Take();
        return sequence;
    }

    private YamlNode FlowPart(YamlTokenKind end) =>
        Kind is YamlTokenKind.Value or YamlTokenKind.FlowEntry || Kind == end ? Empty() : Node(block: false, indentless: false);

    private YamlNode FlowValue(YamlTokenKind end)
    {
        if (Kind != YamlTokenKind.Value)
        {
            return Empty();
        }

        Take();
        return Kind == YamlTokenKind.FlowEntry || Kind == end ? Empty() : Node(block: false, indentless: false);
    }

    private YamlNode FlowMapping(YamlNode mapping)
    {
        YamlMark start = Take().Start;
        for (bool first = true; Kind != YamlTokenKind.FlowMappingEnd; first = false)
        {
            if (!first)
            {
                Close(YamlTokenKind.FlowEntry, start, "did not find expected ',' or '}'");
            }

            if (Kind == YamlTokenKind.Key)
            {
                Take();
                mapping.Children.Add(FlowPart(YamlTokenKind.FlowMappingEnd));
                mapping.Children.Add(FlowValue(YamlTokenKind.FlowMappingEnd));
            }
            else if (Kind != YamlTokenKind.FlowMappingEnd)
            {
                mapping.Children.Add(Node(block: false, indentless: false));
                mapping.Children.Add(Empty());
            }
            else
            {
                break;
            }
        }

        Take();
        return mapping;
    }
}
