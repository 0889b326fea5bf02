namespace Orrery.Helm.Yaml;

// Simple keys, which show only at the colon behind them, and what indentation opens and closes.
internal sealed partial class YamlScanner
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
}
