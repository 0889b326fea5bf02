using Orrery.Helm.Go;

namespace Orrery.Helm.Yaml;

/// <summary>
/// Cuts a byte string into YAML 1.1 tokens by the rules of libyaml, which go-yaml v2 follows: where a simple key may
/// start, how indentation opens and closes collections, and in which order faults are found.
/// </summary>
internal sealed partial class YamlScanner(string input)
{
    private const int MaxDepth = 10_000;
    private const int MaxSimpleKey = 1024;

    private struct SimpleKey
    {
        public bool Possible;
        public bool Required;
        public int TokenNumber;
        public YamlMark Mark;
    }

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

    /// <summary>Whether a key token may still have to go before the token at the head, once a ':' is found.</summary>
    private bool HeadMayBecomeKey()
    {
        for (int i = simpleKeys.Count - 1; i >= 0; i--)
        {
            if (simpleKeys[i].Possible && simpleKeys[i].TokenNumber == taken)
            {
                return IsValid(i);
            }
        }

        return false;
    }

    private bool IsValid(int level)
    {
        SimpleKey key = simpleKeys[level];
        if (!key.Possible)
        {
            return false;
        }

        if (key.Mark.Line < line || key.Mark.Index + MaxSimpleKey < index)
        {
            if (key.Required)
            {
                throw YamlSyntaxException.Scanning(key.Mark, Mark, "could not find expected ':'");
            }

            simpleKeys[level] = default;
            return false;
        }

        return true;
    }

    private void SaveSimpleKey()
    {
        if (simpleKeyAllowed)
        {
            RemoveSimpleKey();
            simpleKeys[^1] = new SimpleKey { Possible = true, Required = flowLevel == 0 && indent == column, TokenNumber = taken + tokens.Count - head, Mark = Mark };
        }
    }

    private void RemoveSimpleKey()
    {
        if (simpleKeys[^1] is { Possible: true, Required: true } key)
        {
            throw YamlSyntaxException.Scanning(key.Mark, Mark, "could not find expected ':'");
        }

        simpleKeys[^1] = default;
    }

    private void Roll(int to, int number, YamlTokenKind kind, YamlMark mark)
    {
        if (flowLevel > 0 || indent >= to)
        {
            return;
        }

        indents.Push(indent);
        indent = to;
        CheckDepth(indents.Count);
        var token = new YamlToken(kind, mark);
        if (number < 0)
        {
            tokens.Add(token);
        }
        else
        {
            tokens.Insert(head + number - taken, token);
        }
    }

    private void CheckDepth(int depth)
    {
        if (depth > MaxDepth)
        {
            throw YamlSyntaxException.Scanning(simpleKeys[^1].Mark, Mark, FormattableString.Invariant($"exceeded max depth of {MaxDepth}"));
        }
    }

    private void Unroll(int to)
    {
        while (flowLevel == 0 && indent > to)
        {
            tokens.Add(new YamlToken(YamlTokenKind.BlockEnd, Mark));
            indent = indents.Pop();
        }
    }

    private int At(int ahead = 0) => pos + ahead < input.Length ? input[pos + ahead] : -1;

    /// <summary>How many bytes a line break takes here; 0 where there is none.</summary>
    private int BreakSize(int ahead = 0) => At(ahead) switch
    {
        '\r' when At(ahead + 1) == '\n' => 2,
        '\r' or '\n' => 1,
        0xC2 when At(ahead + 1) == 0x85 => 2,
        0xE2 when At(ahead + 1) == 0x80 && At(ahead + 2) is 0xA8 or 0xA9 => 3,
        _ => 0,
    };

    private bool IsBreak(int ahead = 0) => BreakSize(ahead) > 0;

    private bool IsBlank(int ahead = 0) => At(ahead) is ' ' or '\t';

    private bool IsEnd(int ahead = 0) => At(ahead) <= 0;

    private bool IsBreakOrEnd(int ahead = 0) => IsEnd(ahead) || IsBreak(ahead);

    private bool IsBlankOrEnd(int ahead = 0) => IsBlank(ahead) || IsBreakOrEnd(ahead);

    private void Advance()
    {
        index++;
        column++;
        pos += At() < 0x80 ? 1 : Math.Max(1, Utf8.Decode(input, pos).Size);
    }

    private void Advance(int characters)
    {
        for (; characters > 0; characters--)
        {
            Advance();
        }
    }

    private void SkipLine()
    {
        int size = BreakSize();
        index += size == 2 && At() == '\r' ? 2 : 1;
        pos += size;
        column = 0;
        line++;
    }

    private bool AtDocumentIndicator() =>
        column == 0 && (At() is '-' or '.') && At(1) == At() && At(2) == At() && IsBlankOrEnd(3);

    private void ToNextToken()
    {
        while (true)
        {
            if (column == 0 && At() == 0xEF && At(1) == 0xBB && At(2) == 0xBF)
            {
                Advance();
            }

            while (At() == ' ' || (At() == '\t' && (flowLevel > 0 || !simpleKeyAllowed)))
            {
                Advance();
            }

            if (At() == '#')
            {
                SkipComment();
            }

            if (!IsBreak())
            {
                return;
            }

            SkipLine();
            simpleKeyAllowed |= flowLevel == 0;
        }
    }

    private void SkipComment()
    {
        while (!IsBreakOrEnd())
        {
            Advance();
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
