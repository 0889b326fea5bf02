namespace Orrery.Machinery.Cel;

/// <summary>Reads the whole grammar of the language; macros are expanded here.</summary>
internal sealed class Parser
{
    /// <summary>As deep as upstream's parser goes.</summary>
    private const int DeepestNesting = 250;

    /// <summary>Longest expression, in characters (upstream's limit is in code points).</summary>
    private const int LongestSource = 100_000;

    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package", "namespace", "return", "var", "void", "while", "in",
    };

    private readonly string source;
    private readonly List<Token> tokens;
    private int at;
    private int depth;

    private Parser(string source)
    {
        this.source = source;
        tokens = new Lexer(source).Read();
    }

    /// <exception cref="CelCompileException">With the first fault of syntax.</exception>
    public static Expr Parse(string source)
    {
        if (source.Length > LongestSource)
        {
            throw new CelCompileException(source, [new CelIssue(0, $"expression code point size exceeds limit: size: {source.Length}, limit {LongestSource}")]);
        }

        var parser = new Parser(source);
        Expr expression = parser.Expression();
        return parser.Peek.Kind == TokenKind.End ? expression : throw parser.Unexpected(parser.Peek);
    }

    private Token Peek => tokens[at];

    private Token Take() => tokens[at++];

    private bool Is(string symbol) => Peek.Kind == TokenKind.Symbol && Peek.Text == symbol;

    private bool TryTake(string symbol)
    {
        bool found = Is(symbol);
        at += found ? 1 : 0;
        return found;
    }

    private Token Expect(string symbol) => Is(symbol) ? Take() : throw Unexpected(Peek);

    private Expr Expression()
    {
        Enter();
        Expr condition = Or();
        if (Is("?"))
        {
            int offset = Take().Offset;
            Expr then = Or();
            Expect(":");
            condition = new Call(offset, null, "_?_:_", [condition, then, Expression()]);
        }

        depth--;
        return condition;
    }

    private Expr Or() => Balanced("||", "_||_", And);

    private Expr And() => Balanced("&&", "_&&_", Relation);

    /// <summary>Long chains become a balanced tree, so that they are not deep.</summary>
    private Expr Balanced(string symbol, string function, Func<Expr> operand)
    {
        List<Expr> terms = [operand()];
        List<int> offsets = [];
        while (Is(symbol))
        {
            offsets.Add(Take().Offset);
            terms.Add(operand());
        }

        return Tree(0, terms.Count - 1);

        Expr Tree(int low, int high)
        {
            int middle = low + ((high - low) / 2);
            return low == high ? terms[low] : new Call(offsets[middle], null, function, [Tree(low, middle), Tree(middle + 1, high)]);
        }
    }

    private Expr Relation() => LeftToRight(Sum, t => t is { Kind: TokenKind.Symbol, Text: "<" or "<=" or ">" or ">=" or "==" or "!=" } or { Kind: TokenKind.Name, Text: "in" });

    private Expr Sum() => LeftToRight(Product, t => t is { Kind: TokenKind.Symbol, Text: "+" or "-" });

    private Expr Product() => LeftToRight(Unary, t => t is { Kind: TokenKind.Symbol, Text: "*" or "/" or "%" });

    private Expr LeftToRight(Func<Expr> operand, Func<Token, bool> isOperator)
    {
        Expr left = operand();
        int chain = 0;
        while (isOperator(Peek))
        {
            Token token = Take();
            chain++;
            Enter();
            left = new Call(token.Offset, null, token.Text == "in" ? "@in" : $"_{token.Text}_", [left, operand()]);
        }

        depth -= chain;
        return left;
    }

    private Expr Unary()
    {
        foreach (string symbol in (string[])["!", "-"])
        {
            if (!Is(symbol))
            {
                continue;
            }

            int offset = Peek.Offset, count = 0;
            if (symbol == "-" && tokens[at + 1].Kind is TokenKind.Int or TokenKind.Double && Negative() is { } literal)
            {
                return Members(literal);
            }

            while (TryTake(symbol))
            {
                count++;
            }

            // Pairs cancel out, as the grammar has it.
            Expr operand = Members(Primary());
            return count % 2 == 0 ? operand : new Call(offset, null, symbol + "_", [operand]);
        }

        return Members(Primary());
    }

    private Literal? Negative()
    {
        int offset = Take().Offset;
        Token number = Take();
        return number.Value switch
        {
            double d => new Literal(offset, -d),
            ulong u when u <= 1UL << 63 => new Literal(offset, unchecked((long)(0 - u))),
            _ => throw Fault(number.Offset, "invalid int literal"),
        };
    }

    private Expr Members(Expr expression)
    {
        int chain = 0;
        while (true)
        {
            if (Is("."))
            {
                int offset = Take().Offset;
                bool isOptional = TryTake("?");
                Token name = Take();
                if (name.Kind is not (TokenKind.Name or TokenKind.QuotedName) || (name.Kind == TokenKind.Name && name.Text is "in" or "true" or "false" or "null"))
                {
                    throw Unexpected(name);
                }

                if (Is("(") && name.Kind == TokenKind.Name && !isOptional)
                {
                    int open = Take().Offset;
                    expression = Macros.Expand(source, open, expression, name.Text, Arguments()) is { } made ? made : new Call(open, expression, name.Text, lastArguments);
                }
                else
                {
                    expression = new Select(offset, expression, name.Text, isOptional: isOptional);
                }
            }
            else if (Is("["))
            {
                int offset = Take().Offset;
                string function = TryTake("?") ? "_[?_]" : "_[_]";
                expression = new Call(offset, null, function, [expression, Expression()]);
                Expect("]");
            }
            else if (Is("{") && Path(expression) is { } type)
            {
                expression = new MessageOf(Take().Offset, type, Fields());
            }
            else
            {
                depth -= chain;
                return expression;
            }

            chain++;
            Enter();
        }
    }

    /// <summary>The dotted name that an expression is; null where it is more than a name.</summary>
    private static string? Path(Expr expression) => expression switch
    {
        Identifier identifier => identifier.Name,
        Select { IsTest: false, IsOptional: false } select when Path(select.Operand) is { } head => $"{head}.{select.Field}",
        _ => null,
    };

    private List<MessageField> Fields()
    {
        var fields = new List<MessageField>();
        while (!Is("}"))
        {
            bool isOptional = TryTake("?");
            Token name = Take();
            if (name.Kind is not (TokenKind.Name or TokenKind.QuotedName))
            {
                throw Unexpected(name);
            }

            int offset = Expect(":").Offset;
            fields.Add(new MessageField(offset, name.Text, Expression(), isOptional));
            if (!TryTake(","))
            {
                break;
            }
        }

        Expect("}");
        return fields;
    }

    private IReadOnlyList<Expr> lastArguments = [];

    private IReadOnlyList<Expr> Arguments()
    {
        var arguments = new List<Expr>();
        if (!Is(")"))
        {
            do
            {
                arguments.Add(Expression());
            }
            while (TryTake(","));
        }

        Expect(")");
        lastArguments = arguments;
        return arguments;
    }

    private Expr Primary()
    {
        Token token = Take();
        switch (token.Kind)
        {
            case TokenKind.Int:
                return token.Value is ulong and <= long.MaxValue ? new Literal(token.Offset, (long)(ulong)token.Value) : throw Fault(token.Offset, "invalid int literal");
            case TokenKind.Uint or TokenKind.Double or TokenKind.String or TokenKind.Bytes:
                return new Literal(token.Offset, token.Value);
            case TokenKind.Name when token.Text is "true" or "false":
                return new Literal(token.Offset, token.Text == "true");
            case TokenKind.Name when token.Text == "null":
                return new Literal(token.Offset, null);
            case TokenKind.Name:
                return Named(token, "");
            case TokenKind.Symbol when token.Text == "." && Peek.Kind == TokenKind.Name:
                return Named(Take(), ".");
            case TokenKind.Symbol when token.Text == "(":
                Expr inner = Expression();
                Expect(")");
                return inner;
            case TokenKind.Symbol when token.Text == "[":
                return new ListOf(token.Offset, Entries("]", false));
            case TokenKind.Symbol when token.Text == "{":
                return new MapOf(token.Offset, Entries("}", true));
            default:
                throw Unexpected(token);
        }
    }

    private Expr Named(Token name, string root)
    {
        if (Reserved.Contains(name.Text))
        {
            throw Fault(name.Offset, $"reserved identifier: {name.Text}");
        }

        if (!Is("("))
        {
            return new Identifier(name.Offset, root + name.Text);
        }

        int open = Take().Offset;
        return Macros.Expand(source, open, null, name.Text, Arguments()) is { } made ? made : new Call(open, null, root + name.Text, lastArguments);
    }

    private List<Entry> Entries(string close, bool keyed)
    {
        var entries = new List<Entry>();
        while (!Is(close))
        {
            bool isOptional = TryTake("?");
            Expr first = Expression();
            if (keyed)
            {
                Expect(":");
                entries.Add(new Entry(first, Expression(), isOptional));
            }
            else
            {
                entries.Add(new Entry(null, first, isOptional));
            }

            if (!TryTake(","))
            {
                break;
            }
        }

        Expect(close);
        return entries;
    }

    private void Enter()
    {
        if (++depth > DeepestNesting)
        {
            throw Fault(Peek.Offset, $"expression recursion limit exceeded: {DeepestNesting}");
        }
    }

    private CelCompileException Unexpected(Token token) =>
        Fault(token.Offset, token.Kind == TokenKind.End ? "Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}" : $"Syntax error: no viable alternative at input '{source[(token.Offset > 0 ? token.Offset - 1 : 0)..Math.Min(source.Length, token.Offset + Math.Max(1, token.Text.Length))]}'");

    private CelCompileException Fault(int offset, string message) => new(source, [new CelIssue(offset, message)]);
}
