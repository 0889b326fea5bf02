using System.Text;

namespace Orrery.Simulator.Shell;

/// <summary>One command of a line, and where its output goes.</summary>
/// <param name="After">What joins it to the command before: <c>;</c>, <c>&amp;&amp;</c> or <c>||</c>.</param>
/// <param name="Output">File that takes what it prints; null prints it.</param>
internal sealed record ShellCommand(string After, IReadOnlyList<string> Words, string? Output, bool Append);

/// <summary>Splits a line as a shell does: quotes, variables, redirection, and commands joined by <c>;</c>, <c>&amp;&amp;</c> and <c>||</c>.</summary>
internal static class ShellLine
{
    /// <summary>Reads as it goes: a variable in a later command has the value that the earlier ones gave it.</summary>
    /// <exception cref="FormatException">A quote is left open, or something is asked for that this shell does not have.</exception>
    public static IEnumerable<ShellCommand> Parse(string line, Func<string, string> variable)
    {
        var words = new List<string>();
        string after = ";";
        string? output = null;
        bool append = false;
        bool redirect = false;
        foreach ((string text, bool isOperator) in Tokens(line, variable))
        {
            if (isOperator && text is ">" or ">>")
            {
                (redirect, append) = (true, text == ">>");
            }
            else if (isOperator)
            {
                if (words.Count > 0)
                {
                    yield return new ShellCommand(after, [.. words], output, append);
                }

                words.Clear();
                (after, output, append) = (text, null, false);
            }
            else if (redirect)
            {
                (output, redirect) = (text, false);
            }
            else
            {
                words.Add(text);
            }
        }

        if (words.Count > 0)
        {
            yield return new ShellCommand(after, words, output, append);
        }
    }

    private static IEnumerable<(string Text, bool IsOperator)> Tokens(string line, Func<string, string> variable)
    {
        var word = new StringBuilder();
        bool any = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            switch (c)
            {
                case ' ' or '\t' or '\n' when any:
                    yield return (word.ToString(), false);
                    word.Clear();
                    any = false;
                    break;
                case ' ' or '\t' or '\n':
                    break;
                case '\'' or '"':
                    int end = line.IndexOf(c, i + 1);
                    if (end < 0)
                    {
                        throw new FormatException("unterminated quoted string");
                    }

                    word.Append(c == '"' ? Expand(line[(i + 1)..end], variable) : line[(i + 1)..end]);
                    any = true;
                    i = end;
                    break;
                case ';' or '&' or '|' or '>' or '\r':
                    if (any)
                    {
                        yield return (word.ToString(), false);
                        word.Clear();
                        any = false;
                    }

                    bool twice = c is not ';' && i + 1 < line.Length && line[i + 1] == c;
                    if (c is '&' or '|' && !twice)
                    {
                        throw new FormatException($"'{c}' is not supported by this simulated shell");
                    }

                    if (c != '\r')
                    {
                        yield return (twice ? $"{c}{c}" : c.ToString(), true);
                    }

                    i += twice ? 1 : 0;
                    break;
                case '$':
                    int stop = i + 1;
                    while (stop < line.Length && (char.IsAsciiLetterOrDigit(line[stop]) || line[stop] is '_' or '?'))
                    {
                        stop++;
                    }

                    word.Append(variable(line[(i + 1)..stop]));
                    any = true;
                    i = stop - 1;
                    break;
                default:
                    word.Append(c);
                    any = true;
                    break;
            }
        }

        if (any)
        {
            yield return (word.ToString(), false);
        }
    }

    private static string Expand(string text, Func<string, string> variable) =>
        System.Text.RegularExpressions.Regex.Replace(text, @"\$(\w+|\?)", m => variable(m.Groups[1].Value), System.Text.RegularExpressions.RegexOptions.NonBacktracking);
}
