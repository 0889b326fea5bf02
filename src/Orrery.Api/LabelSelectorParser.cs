using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Orrery.Api;

/// <summary>
/// Reads the query form of a label selector. Where and how it gives up follows upstream's parser
/// (apimachinery <c>pkg/labels/selector.go</c>), because clients see the texts.
/// </summary>
internal sealed class LabelSelectorParser
{
    private const string Operators = "in, notin, =, ==, !=, gt, lt";
    private readonly List<(Token Token, string Text)> tokens;
    private int position;

    private LabelSelectorParser(string text)
    {
        tokens = Scan(text);
    }

    private enum Token
    {
        Error,
        End,
        Close,
        Comma,
        Not,
        DoubleEqual,
        Equal,
        Greater,
        Identifier,
        In,
        Less,
        NotEqual,
        NotIn,
        Open,
    }

    public static LabelSelector Parse(string text)
    {
        List<LabelRequirement> requirements = new LabelSelectorParser(text).ParseAll();
        return requirements.Count == 0 ? LabelSelector.Everything : new LabelSelector([.. requirements.OrderBy(r => r.Key, StringComparer.Ordinal)]);
    }

    /// <summary>Makes a requirement of checked parts.</summary>
    public static LabelRequirement Check(string key, LabelOperator op, IReadOnlyCollection<string> values)
    {
        var errors = new List<FieldError>();
        string[] sorted = [.. values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (Names.CheckQualifiedName(key) is { Count: > 0 } faults)
        {
            errors.Add(FieldError.Invalid("key", key, string.Join("; ", faults)));
        }

        JsonArray List() => [.. sorted.Select(v => JsonValue.Create(v))];
        switch (op)
        {
            case LabelOperator.In or LabelOperator.NotIn when sorted.Length == 0:
                errors.Add(FieldError.Invalid("values", List(), "for 'in', 'notin' operators, values set can't be empty"));
                break;
            case LabelOperator.Exists or LabelOperator.DoesNotExist when sorted.Length != 0:
                errors.Add(FieldError.Invalid("values", List(), "values set must be empty for exists and does not exist"));
                break;
            case LabelOperator.GreaterThan or LabelOperator.LessThan:
                for (int i = 0; i < sorted.Length; i++)
                {
                    if (!long.TryParse(sorted[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
                    {
                        errors.Add(FieldError.Invalid($"values[{i}]", sorted[i], "for 'Gt', 'Lt' operators, the value must be an integer"));
                    }
                }

                break;
        }

        for (int i = 0; i < sorted.Length; i++)
        {
            if (Names.CheckLabelValue(sorted[i]) is { Count: > 0 } wrong)
            {
                errors.Add(FieldError.Invalid($"values[{i}][{key}]", sorted[i], string.Join("; ", wrong)));
            }
        }

        return errors.Count == 0 ? new LabelRequirement(key, op, sorted)
            : throw new FormatException(errors.Count == 1 ? errors[0].ToString() : $"[{string.Join(", ", errors)}]");
    }

    private List<LabelRequirement> ParseAll()
    {
        var requirements = new List<LabelRequirement>();
        while (true)
        {
            (Token token, string text) = Peek();
            if (token == Token.End)
            {
                return requirements;
            }

            if (token is not (Token.Identifier or Token.Not))
            {
                throw new FormatException($"found '{text}', expected: !, identifier, or 'end of string'");
            }

            try
            {
                requirements.Add(ParseRequirement());
            }
            catch (FormatException e)
            {
                throw new FormatException($"unable to parse requirement: {e.Message}", e);
            }

            (token, text) = Take();
            if (token == Token.End)
            {
                return requirements;
            }

            if (token != Token.Comma)
            {
                throw new FormatException($"found '{text}', expected: ',' or 'end of string'");
            }

            (token, text) = Peek();
            if (token is not (Token.Identifier or Token.Not))
            {
                throw new FormatException($"found '{text}', expected: identifier after ','");
            }
        }
    }

    private LabelRequirement ParseRequirement()
    {
        (Token token, string key) = Take();
        bool not = token == Token.Not;
        if (not)
        {
            (token, key) = Take();
        }

        if (token != Token.Identifier)
        {
            throw new FormatException($"found '{key}', expected: identifier");
        }

        if (Names.CheckQualifiedName(key) is { Count: > 0 } faults)
        {
            // Upstream's path is a nil pointer here, and prints as such.
            throw new FormatException(FieldError.Invalid("<nil>", key, string.Join("; ", faults)).ToString());
        }

        if (not)
        {
            return Check(key, LabelOperator.DoesNotExist, []);
        }

        if (Peek().Token is Token.End or Token.Comma)
        {
            return Check(key, LabelOperator.Exists, []);
        }

        LabelOperator op = ParseOperator();
        return Check(key, op, op is LabelOperator.In or LabelOperator.NotIn ? ParseValues() : [ParseExactValue()]);
    }

    private LabelOperator ParseOperator()
    {
        (Token token, string text) = tokens[Math.Min(position++, tokens.Count - 1)];
        return token switch
        {
            Token.In => LabelOperator.In,
            Token.Equal => LabelOperator.Equal,
            Token.DoubleEqual => LabelOperator.DoubleEqual,
            Token.Greater => LabelOperator.GreaterThan,
            Token.Less => LabelOperator.LessThan,
            Token.NotIn => LabelOperator.NotIn,
            Token.NotEqual => LabelOperator.NotEqual,
            _ => throw new FormatException($"found '{text}', expected: {Operators}"),
        };
    }

    private List<string> ParseValues()
    {
        (Token token, string text) = Take();
        if (token != Token.Open)
        {
            throw new FormatException($"found '{text}' expected: '('");
        }

        (token, text) = Peek();
        if (token == Token.Close)
        {
            // As upstream, which takes it for the empty value.
            Take();
            return [""];
        }

        if (token is not (Token.Identifier or Token.Comma))
        {
            throw new FormatException($"found '{text}', expected: ',', ')' or identifier");
        }

        var values = new List<string>();
        while (true)
        {
            (token, text) = Take();
            switch (token)
            {
                case Token.Identifier:
                    values.Add(text);
                    (Token next, string nextText) = Peek();
                    if (next == Token.Close)
                    {
                        Take();
                        return values;
                    }

                    if (next != Token.Comma)
                    {
                        throw new FormatException($"found '{nextText}', expected: ',' or ')'");
                    }

                    break;
                case Token.Comma:
                    // An empty place between commas stands for the empty value.
                    if (values.Count == 0)
                    {
                        values.Add("");
                    }

                    if (Peek().Token == Token.Close)
                    {
                        values.Add("");
                        Take();
                        return values;
                    }

                    if (Peek().Token == Token.Comma)
                    {
                        values.Add("");
                    }

                    break;
                default:
                    throw new FormatException($"found '{text}', expected: ',', or identifier");
            }
        }
    }

    private string ParseExactValue()
    {
        if (Peek().Token is Token.End or Token.Comma)
        {
            return "";
        }

        (Token token, string text) = Take();
        return token == Token.Identifier ? text : throw new FormatException($"found '{text}', expected: identifier");
    }

    /// <summary>Where a value may stand, <c>in</c> and <c>notin</c> are words like others.</summary>
    private (Token Token, string Text) Peek()
    {
        (Token token, string text) = tokens[Math.Min(position, tokens.Count - 1)];
        return (token is Token.In or Token.NotIn ? Token.Identifier : token, text);
    }

    private (Token Token, string Text) Take()
    {
        (Token, string) taken = Peek();
        position++;
        return taken;
    }

    private static List<(Token Token, string Text)> Scan(string text)
    {
        var tokens = new List<(Token, string)>();
        int at = 0;
        while (true)
        {
            while (at < text.Length && text[at] is ' ' or '\t' or '\r' or '\n')
            {
                at++;
            }

            if (at >= text.Length)
            {
                tokens.Add((Token.End, ""));
                return tokens;
            }

            tokens.Add(IsSymbol(text[at]) ? ScanSymbol(text, ref at) : ScanWord(text, ref at));
        }
    }

    private static (Token, string) ScanWord(string text, ref int at)
    {
        int start = at;
        while (at < text.Length && !IsSymbol(text[at]) && text[at] is not (' ' or '\t' or '\r' or '\n'))
        {
            at++;
        }

        string word = text[start..at];
        return (word switch { "in" => Token.In, "notin" => Token.NotIn, _ => Token.Identifier }, word);
    }

    /// <summary>The longest symbol that starts here.</summary>
    private static (Token, string) ScanSymbol(string text, ref int at)
    {
        var symbol = new StringBuilder();
        (Token Token, string Text) found = (Token.Error, "");
        while (at < text.Length && IsSymbol(text[at]))
        {
            symbol.Append(text[at]);
            Token token = symbol.ToString() switch
            {
                ")" => Token.Close,
                "," => Token.Comma,
                "!" => Token.Not,
                "==" => Token.DoubleEqual,
                "=" => Token.Equal,
                ">" => Token.Greater,
                "<" => Token.Less,
                "!=" => Token.NotEqual,
                "(" => Token.Open,
                _ => Token.Error,
            };
            if (token == Token.Error && found.Token != Token.Error)
            {
                break;
            }

            found = (token, symbol.ToString());
            at++;
        }

        return found;
    }

    private static bool IsSymbol(char c) => c is '=' or '!' or '(' or ')' or ',' or '>' or '<';
}
