namespace Orrery.Helm.Templates;

/// <summary>
/// Cuts a template's bytes (a char a byte) into tokens. Follows Go's text/template/parse/lex.go, whose states are
/// the rules of where trimming, comments and delimiters may stand.
/// </summary>
internal sealed partial class Lexer(string input)
{
    private const string LeftDelim = "{{";
    private const string RightDelim = "}}";

    private int pos;
    private int start;
    private int line = 1;
    private int startLine = 1;
    private int parenDepth;
    private bool insideAction;
    private bool done;

    public bool BreakOk { get; set; } = true;

    public Token Next()
    {
        while (!done)
        {
            Token? token = insideAction ? InsideAction() : TextOrDelim();
            if (token is { } t)
            {
                return t;
            }
        }

        return new Token(TokenKind.Eof, pos, "EOF", startLine);
    }

    private Token Emit(TokenKind kind)
    {
        var token = new Token(kind, start, input[start..pos], startLine);
        line += token.Text.AsSpan().Count('\n');
        Ignore(counted: true);
        return token;
    }

    private void Ignore(bool counted = false)
    {
        if (!counted)
        {
            line += input.AsSpan(start, pos - start).Count('\n');
        }

        start = pos;
        startLine = line;
    }

    private Token Error(string message)
    {
        done = true;
        return new Token(TokenKind.Error, start, message, startLine);
    }

    private bool At(string what) => string.CompareOrdinal(input, pos, what, 0, what.Length) == 0;

    private static bool IsSpace(int c) => c is ' ' or '\t' or '\r' or '\n';

    private int Peek(int ahead = 0) => pos + ahead < input.Length ? input[pos + ahead] : -1;

    private bool HasLeftTrim(int at) => at + 1 < input.Length && input[at] == '-' && IsSpace(input[at + 1]);

    private bool HasRightTrim() => pos + 1 < input.Length && IsSpace(input[pos]) && input[pos + 1] == '-';

    /// <summary>Text up to the next action, trimmed when that action asks for it; then the delimiter.</summary>
    private Token? TextOrDelim()
    {
        int x = input.IndexOf(LeftDelim, pos, StringComparison.Ordinal);
        if (x < 0)
        {
            pos = input.Length;
            if (pos > start)
            {
                return Emit(TokenKind.Text);
            }

            done = true;
            return Emit(TokenKind.Eof) with { Text = "EOF" };
        }

        if (x > pos)
        {
            pos = x;
            int trim = 0;
            if (HasLeftTrim(x + 2))
            {
                while (trim < pos - start && IsSpace(input[pos - 1 - trim]))
                {
                    trim++;
                }
            }

            pos -= trim;
            Token? text = pos > start ? Emit(TokenKind.Text) : null;
            pos += trim;
            Ignore();
            if (text is not null)
            {
                return text;
            }
        }

        return LeftDelimiter();
    }

    private Token? LeftDelimiter()
    {
        pos += LeftDelim.Length;
        bool trim = HasLeftTrim(pos);
        int after = trim ? 2 : 0;
        if (string.CompareOrdinal(input, pos + after, "/*", 0, 2) == 0)
        {
            pos += after;
            Ignore();
            return Comment();
        }

        Token token = Emit(TokenKind.LeftDelim);
        insideAction = true;
        pos += after;
        Ignore();
        parenDepth = 0;
        return token;
    }

    private Token? Comment()
    {
        pos += 2;
        int x = input.IndexOf("*/", pos, StringComparison.Ordinal);
        if (x < 0)
        {
            return Error("unclosed comment");
        }

        pos = x + 2;
        (bool delim, bool trim) = AtRightDelim();
        if (!delim)
        {
            return Error("comment ends before closing delimiter");
        }

        line += input.AsSpan(start, pos - start).Count('\n');
        pos += trim ? 2 : 0;
        pos += RightDelim.Length;
        if (trim)
        {
            SkipSpaces();
        }

        // The comment's own line ends were counted above; what the trimming skipped counts now.
        start = x + 2;
        Ignore();
        return null;
    }

    private (bool Delim, bool Trim) AtRightDelim() =>
        HasRightTrim() && string.CompareOrdinal(input, pos + 2, RightDelim, 0, 2) == 0 ? (true, true) : (At(RightDelim), false);

    private void SkipSpaces()
    {
        while (IsSpace(Peek()))
        {
            pos++;
        }
    }

    private Token RightDelimiter(bool trim)
    {
        if (trim)
        {
            pos += 2;
            Ignore();
        }

        pos += RightDelim.Length;
        Token token = Emit(TokenKind.RightDelim);
        if (trim)
        {
            SkipSpaces();
            Ignore();
        }

        insideAction = false;
        return token;
    }

    private Token? InsideAction()
    {
        (bool delim, bool trim) = AtRightDelim();
        if (delim)
        {
            return parenDepth == 0 ? RightDelimiter(trim) : Error("unclosed left paren");
        }

        int c = Peek();
        if (c < 0)
        {
            return Error("unclosed action");
        }

        pos++;
        switch (c)
        {
            case ' ' or '\t' or '\r' or '\n':
                return Spaces();
            case '=':
                return Emit(TokenKind.Assign);
            case ':':
                if (Peek() != '=')
                {
                    pos += Peek() < 0 ? 0 : 1;
                    return Error("expected :=");
                }

                pos++;
                return Emit(TokenKind.Declare);
            case '|':
                return Emit(TokenKind.Pipe);
            case '"':
                return Quoted('"', "unterminated quoted string", TokenKind.String);
            case '`':
                return RawQuoted();
            case '$':
                return AtTerminator() ? Emit(TokenKind.Variable) : FieldOrVariable(TokenKind.Variable);
            case '\'':
                return Quoted('\'', "unterminated character constant", TokenKind.CharConstant);
            case '.' when Peek() is < '0' or > '9':
                return AtTerminator() ? Emit(TokenKind.Dot) : FieldOrVariable(TokenKind.Field);
            case '.' or '+' or '-' or (>= '0' and <= '9'):
                pos--;
                return Number();
            case '(':
                parenDepth++;
                return Emit(TokenKind.LeftParen);
            case ')':
                parenDepth--;
                return parenDepth < 0 ? Error("unexpected right paren") : Emit(TokenKind.RightParen);
        }

        pos--;
        (int rune, int size) = Go.Utf8.Decode(input, pos);
        if (Go.Utf8.IsAlphaNumeric(rune))
        {
            return Identifier();
        }

        pos += size;
        if (c <= 0x7F && c >= 0x20)
        {
            return Emit(TokenKind.Char);
        }

        return Error($"unrecognized character in action: {Go.GoQuote.Unicode(rune)}");
    }

    private Token Spaces()
    {
        while (IsSpace(Peek()))
        {
            pos++;
        }

        // A space may belong to a trimming right delimiter " -}}".
        if (HasRightTrimBehind())
        {
            pos--;
            if (pos == start)
            {
                return RightDelimiter(trim: true);
            }
        }

        return Emit(TokenKind.Space);
    }

    private bool HasRightTrimBehind() => input[pos - 1] is var c && IsSpace(c) && Peek() == '-' && string.CompareOrdinal(input, pos + 1, RightDelim, 0, 2) == 0;

    private Token Identifier()
    {
        SkipAlphaNumeric();
        string word = input[start..pos];
        if (!AtTerminator())
        {
            return BadCharacter();
        }

        return word switch
        {
            "." => Emit(TokenKind.Dot),
            "block" => Emit(TokenKind.Block),
            "break" => Emit(BreakOk ? TokenKind.Break : TokenKind.Identifier),
            "continue" => Emit(BreakOk ? TokenKind.Continue : TokenKind.Identifier),
            "define" => Emit(TokenKind.Define),
            "else" => Emit(TokenKind.Else),
            "end" => Emit(TokenKind.End),
            "if" => Emit(TokenKind.If),
            "range" => Emit(TokenKind.Range),
            "nil" => Emit(TokenKind.Nil),
            "template" => Emit(TokenKind.Template),
            "with" => Emit(TokenKind.With),
            "true" or "false" => Emit(TokenKind.Bool),
            _ => Emit(TokenKind.Identifier),
        };
    }

    private void SkipAlphaNumeric()
    {
        while (pos < input.Length)
        {
            (int rune, int size) = Go.Utf8.Decode(input, pos);
            if (!Go.Utf8.IsAlphaNumeric(rune))
            {
                return;
            }

            pos += size;
        }
    }

    private Token FieldOrVariable(TokenKind kind)
    {
        SkipAlphaNumeric();
        return AtTerminator() ? Emit(kind) : BadCharacter();
    }

    private Token BadCharacter() => Error($"bad character {Go.GoQuote.Unicode(Go.Utf8.Decode(input, pos).Rune)}");

    private bool AtTerminator() => Peek() is < 0 or ' ' or '\t' or '\r' or '\n' or '.' or ',' or '|' or ':' or ')' or '(' || At(RightDelim);

    private Token Quoted(char end, string unterminated, TokenKind kind)
    {
        while (true)
        {
            int c = Peek();
            if (c == '\\' && Peek(1) is >= 0 and not '\n')
            {
                pos += 2;
                continue;
            }

            if (c is < 0 or '\n' or '\\')
            {
                return Error(unterminated);
            }

            pos++;
            if (c == end)
            {
                return Emit(kind);
            }
        }
    }

    private Token RawQuoted()
    {
        int x = input.IndexOf('`', pos);
        if (x < 0)
        {
            return Error("unterminated raw quoted string");
        }

        pos = x + 1;
        return Emit(TokenKind.RawString);
    }
}
