namespace Orrery.Helm.Yaml;

/// <summary>
/// Cuts a byte string into YAML 1.1 tokens by the rules of libyaml, which go-yaml v2 follows: where a simple key may
/// start, how indentation opens and closes collections, and in which order faults are found.
/// </summary>
internal sealed partial class YamlScanner(string input)
{
    private readonly List<YamlToken> tokens = [];
    private readonly Stack<int> indents = new();
    private readonly List<SimpleKey> simpleKeys = [default];
    private int head;
    private int taken;
    private int pos;
    private int line;
    private int column;
    private int index;
    private int indent = -1;
    private int flowLevel;
    private bool simpleKeyAllowed = true;
    private bool started;
    private bool ended;

    private YamlMark Mark => new(index, line, column);

    /// <summary>The next token, which stays.</summary>
    public YamlToken Peek()
    {
        while (head == tokens.Count ? !ended : HeadMayBecomeKey())
        {
            FetchNext();
        }

        return tokens[head];
    }

    public void Skip()
    {
        taken++;
        if (++head == tokens.Count && !ended)
        {
            tokens.Clear();
            head = 0;
        }
    }

    private void FetchNext()
    {
        if (!started)
        {
            started = true;
            tokens.Add(new YamlToken(YamlTokenKind.StreamStart, Mark));
            return;
        }

        ToNextToken();
        Unroll(column);
        int c = At();
        if (c <= 0)
        {
            FetchStreamEnd();
        }
        else if (column == 0 && c == '%')
        {
            Unroll(-1);
            RemoveSimpleKey();
            simpleKeyAllowed = false;
            Directive();
        }
        else if (AtDocumentIndicator())
        {
            Unroll(-1);
            RemoveSimpleKey();
            simpleKeyAllowed = false;
            tokens.Add(new YamlToken(c == '-' ? YamlTokenKind.DocumentStart : YamlTokenKind.DocumentEnd, Mark));
            Advance(3);
        }
        else
        {
            FetchContent(c);
        }
    }

    private void FetchStreamEnd()
    {
        if (column != 0)
        {
            column = 0;
            line++;
        }

        Unroll(-1);
        RemoveSimpleKey();
        simpleKeyAllowed = false;
        tokens.Add(new YamlToken(YamlTokenKind.StreamEnd, Mark));
        ended = true;
    }

    private void FetchContent(int c)
    {
        switch (c)
        {
            case '[':
                OpenFlow(YamlTokenKind.FlowSequenceStart);
                return;
            case '{':
                OpenFlow(YamlTokenKind.FlowMappingStart);
                return;
            case ']':
                CloseFlow(YamlTokenKind.FlowSequenceEnd);
                return;
            case '}':
                CloseFlow(YamlTokenKind.FlowMappingEnd);
                return;
            case ',':
                RemoveSimpleKey();
                simpleKeyAllowed = true;
                Indicator(YamlTokenKind.FlowEntry);
                return;
            case '-' when IsBlankOrEnd(1):
                BlockIndicator("block sequence entries are not allowed in this context", YamlTokenKind.BlockSequenceStart);
                RemoveSimpleKey();
                simpleKeyAllowed = true;
                Indicator(YamlTokenKind.BlockEntry);
                return;
            case '?' when flowLevel > 0 || IsBlankOrEnd(1):
                BlockIndicator("mapping keys are not allowed in this context", YamlTokenKind.BlockMappingStart);
                RemoveSimpleKey();
                simpleKeyAllowed = flowLevel == 0;
                Indicator(YamlTokenKind.Key);
                return;
            case ':' when flowLevel > 0 || IsBlankOrEnd(1):
                FetchValue();
                return;
            case '*' or '&':
                SaveSimpleKey();
                simpleKeyAllowed = false;
                Anchor(c == '*' ? YamlTokenKind.Alias : YamlTokenKind.Anchor);
                return;
            case '!':
                SaveSimpleKey();
                simpleKeyAllowed = false;
                Tag();
                return;
            case '|' or '>' when flowLevel == 0:
                RemoveSimpleKey();
                simpleKeyAllowed = true;
                BlockScalar(literal: c == '|');
                return;
            case '\'' or '"':
                SaveSimpleKey();
                simpleKeyAllowed = false;
                FlowScalar(single: c == '\'');
                return;
        }

        bool indicator = c is '\t' or '-' or '?' or ':' or '#' or '|' or '>' or '%' or '@' or '`' || IsBlankOrEnd();
        if (indicator && !(c == '-' && !IsBlank(1)) && !(flowLevel == 0 && c is '?' or ':' && !IsBlankOrEnd(1)))
        {
            throw YamlSyntaxException.Scanning(Mark, Mark, "found character that cannot start any token");
        }

        SaveSimpleKey();
        simpleKeyAllowed = false;
        PlainScalar();
    }

    private void Indicator(YamlTokenKind kind)
    {
        tokens.Add(new YamlToken(kind, Mark));
        Advance();
    }

    private void BlockIndicator(string fault, YamlTokenKind opens)
    {
        if (flowLevel > 0)
        {
            return;
        }

        if (!simpleKeyAllowed)
        {
            throw YamlSyntaxException.Scanning(default, Mark, fault);
        }

        Roll(column, -1, opens, Mark);
    }

    private void OpenFlow(YamlTokenKind kind)
    {
        SaveSimpleKey();
        simpleKeys.Add(default);
        CheckDepth(++flowLevel);
        simpleKeyAllowed = true;
        Indicator(kind);
    }

    private void CloseFlow(YamlTokenKind kind)
    {
        RemoveSimpleKey();
        if (flowLevel > 0)
        {
            flowLevel--;
            simpleKeys.RemoveAt(simpleKeys.Count - 1);
        }

        simpleKeyAllowed = false;
        Indicator(kind);
    }

    private void FetchValue()
    {
        if (IsValid(simpleKeys.Count - 1))
        {
            SimpleKey key = simpleKeys[^1];
            tokens.Insert(head + key.TokenNumber - taken, new YamlToken(YamlTokenKind.Key, key.Mark));
            Roll(key.Mark.Column, key.TokenNumber, YamlTokenKind.BlockMappingStart, key.Mark);
            simpleKeys[^1] = default;
            simpleKeyAllowed = false;
        }
        else
        {
            BlockIndicator("mapping values are not allowed in this context", YamlTokenKind.BlockMappingStart);
            simpleKeyAllowed = flowLevel == 0;
        }

        Indicator(YamlTokenKind.Value);
    }
}
