using Orrery.Helm.Go;

namespace Orrery.Helm.Templates;

/// <summary>A fault found while reading a template; the message is Go's.</summary>
internal sealed class TemplateParseException(string message) : Exception(message);

/// <summary>
/// Go's text/template/parse/parse.go: a recursive descent with three tokens of look-ahead. Parsing one text yields
/// the template of its own name and each that it defines.
/// </summary>
internal sealed partial class Parser
{
    /// <summary>Levels of nested actions and parentheses; beyond it a template is hostile.</summary>
    private const int MaxDepth = 2_000;

    private readonly ParsedFile file;
    private readonly Func<string, bool> isFunction;
    private readonly Lexer lexer;
    private readonly Dictionary<string, ListNode> trees = new(StringComparer.Ordinal);
    private readonly Token[] ahead = new Token[3];
    private int aheadCount;
    private List<string> variables = ["$"];
    private int rangeDepth;
    private int depth;

    /// <summary>Line of the delimiter that opened the action at hand; 0 outside of actions, and once an action within is over.</summary>
    private int actionLine;

    private Parser(string name, string text, Func<string, bool> isFunction)
    {
        file = new ParsedFile(name, text);
        this.isFunction = isFunction;
        lexer = new Lexer(text) { BreakOk = !isFunction("break") };
    }

    /// <summary>Parses a text; the names of the result are the templates it makes known.</summary>
    /// <exception cref="TemplateParseException">It is no template.</exception>
    public static IReadOnlyDictionary<string, ListNode> Parse(string name, string text, Func<string, bool> isFunction)
    {
        var parser = new Parser(name, text, isFunction);
        parser.ParseFile();
        return parser.trees;
    }

    private Token Next()
    {
        if (aheadCount > 0)
        {
            aheadCount--;
        }
        else
        {
            ahead[0] = lexer.Next();
        }

        return ahead[aheadCount];
    }

    private void Backup() => aheadCount++;

    private void Backup2(Token t1)
    {
        ahead[1] = t1;
        aheadCount = 2;
    }

    private void Backup3(Token t2, Token t1)
    {
        ahead[1] = t1;
        ahead[2] = t2;
        aheadCount = 3;
    }

    private Token Peek()
    {
        if (aheadCount > 0)
        {
            return ahead[aheadCount - 1];
        }

        aheadCount = 1;
        ahead[0] = lexer.Next();
        return ahead[0];
    }

    private Token NextNonSpace()
    {
        Token token;
        do
        {
            token = Next();
        }
        while (token.Kind == TokenKind.Space);
        return token;
    }

    private Token PeekNonSpace()
    {
        Token token = NextNonSpace();
        Backup();
        return token;
    }

    private TemplateParseException Fault(string message) =>
        new(FormattableString.Invariant($"template: {file.Name}:{ahead[0].Line}: {message}"));

    private Token Expect(TokenKind kind, string context)
    {
        Token token = NextNonSpace();
        return token.Kind == kind ? token : throw Unexpected(token, context);
    }

    private TemplateParseException Unexpected(Token token, string context)
    {
        if (token.Kind != TokenKind.Error)
        {
            return Fault($"unexpected {token} in {context}");
        }

        string where = actionLine == 0 || actionLine == token.Line ? "" : FormattableString.Invariant($" in action started at {file.Name}:{actionLine}");
        return Fault(token.Text + (token.Text.EndsWith(" action", StringComparison.Ordinal) && where.Length > 0 ? where[" in action".Length..] : where));
    }

    private void ParseFile()
    {
        var root = new ListNode(file, Peek().Pos);
        while (Peek().Kind != TokenKind.Eof)
        {
            if (Peek().Kind == TokenKind.LeftDelim)
            {
                Token delim = Next();
                if (NextNonSpace().Kind == TokenKind.Define)
                {
                    Definition();
                    continue;
                }

                Backup2(delim);
            }

            Node node = TextOrAction();
            if (node is EndNode or ElseNode)
            {
                throw Fault($"unexpected {node}");
            }

            root.Nodes.Add(node);
        }

        Add(file.Name, root);
    }

    private void Add(string name, ListNode tree)
    {
        if (!trees.TryGetValue(name, out ListNode? known) || known.IsBlank)
        {
            trees[name] = tree;
        }
        else if (!tree.IsBlank)
        {
            throw Fault($"multiple definition of template {GoQuote.Quote(name)}");
        }
    }

    private void Definition()
    {
        const string Context = "define clause";
        string name = TemplateName(NextNonSpace(), Context);
        Expect(TokenKind.RightDelim, Context);
        TemplateBody(name, Context);
    }

    /// <summary>What stands up to <c>end</c>, as a template of its own: nothing around it is seen from within.</summary>
    private void TemplateBody(string name, string context)
    {
        List<string> outer = variables;
        int outerRange = rangeDepth;
        variables = ["$"];
        rangeDepth = 0;
        (ListNode list, Node end) = ItemList();
        if (end is not EndNode)
        {
            throw Fault($"unexpected {end} in {context}");
        }

        variables = outer;
        rangeDepth = outerRange;
        Add(name, list);
    }

    private string TemplateName(Token token, string context) => token.Kind is TokenKind.String or TokenKind.RawString
        ? GoQuote.Unquote(token.Text) ?? throw Fault("invalid syntax")
        : throw Unexpected(token, context);

    private (ListNode List, Node End) ItemList()
    {
        var list = new ListNode(file, PeekNonSpace().Pos);
        while (PeekNonSpace().Kind != TokenKind.Eof)
        {
            Node node = TextOrAction();
            if (node is EndNode or ElseNode)
            {
                return (list, node);
            }

            list.Nodes.Add(node);
        }

        throw Fault("unexpected EOF");
    }

    private Node TextOrAction()
    {
        Token token = NextNonSpace();
        switch (token.Kind)
        {
            case TokenKind.Text:
                return new TextNode(file, token.Pos, token.Text);
            case TokenKind.LeftDelim:
                if (++depth > MaxDepth)
                {
                    throw Fault($"actions nest deeper than {MaxDepth}");
                }

                actionLine = token.Line;
                Node node = Action();
                actionLine = 0;
                depth--;
                return node;
            default:
                throw Unexpected(token, "input");
        }
    }

    private Node Action()
    {
        Token token = NextNonSpace();
        switch (token.Kind)
        {
            case TokenKind.Block:
                return Block();
            case TokenKind.Break or TokenKind.Continue:
                return Jump(token);
            case TokenKind.Else:
                Token after = PeekNonSpace();
                if (after.Kind is TokenKind.If or TokenKind.With)
                {
                    return new ElseNode(file, after.Pos);
                }

                return new ElseNode(file, Expect(TokenKind.RightDelim, "else").Pos);
            case TokenKind.End:
                return new EndNode(file, Expect(TokenKind.RightDelim, "end").Pos);
            case TokenKind.If:
                return Branch(TokenKind.If, "if");
            case TokenKind.Range:
                return Branch(TokenKind.Range, "range");
            case TokenKind.With:
                return Branch(TokenKind.With, "with");
            case TokenKind.Template:
                return TemplateCall();
        }

        Backup();
        Token first = Peek();
        return new ActionNode(file, first.Pos, Pipeline("command", TokenKind.RightDelim));
    }

    private JumpNode Jump(Token token)
    {
        Token next = NextNonSpace();
        if (next.Kind != TokenKind.RightDelim)
        {
            throw Unexpected(next, $"{{{{{token.Text}}}}}");
        }

        return rangeDepth == 0
            ? throw Fault($"{{{{{token.Text}}}}} outside {{{{range}}}}")
            : new JumpNode(file, token.Pos, token.Kind == TokenKind.Break);
    }

    private BranchNode Branch(TokenKind kind, string context)
    {
        int mark = variables.Count;
        PipeNode pipe = Pipeline(context, TokenKind.RightDelim);
        rangeDepth += kind == TokenKind.Range ? 1 : 0;
        (ListNode then, Node next) = ItemList();
        rangeDepth -= kind == TokenKind.Range ? 1 : 0;
        ListNode? otherwise = null;
        if (next is ElseNode)
        {
            // {{else if}} and {{else with}} nest and share the one {{end}}.
            if (kind is TokenKind.If or TokenKind.With && Peek().Kind == kind)
            {
                Next();
                otherwise = new ListNode(file, next.Pos);
                if (++depth > MaxDepth)
                {
                    throw Fault($"actions nest deeper than {MaxDepth}");
                }

                otherwise.Nodes.Add(Branch(kind, context));
                depth--;
            }
            else
            {
                (otherwise, Node end) = ItemList();
                if (end is not EndNode)
                {
                    throw Fault($"expected end; found {end}");
                }
            }
        }

        variables.RemoveRange(mark, variables.Count - mark);
        return new BranchNode(file, pipe.Pos, kind, pipe, then, otherwise);
    }

    private TemplateNode Block()
    {
        const string Context = "block clause";
        Token token = NextNonSpace();
        string name = TemplateName(token, Context);
        PipeNode pipe = Pipeline(Context, TokenKind.RightDelim);
        TemplateBody(name, Context);
        return new TemplateNode(file, token.Pos, name, pipe);
    }

    private TemplateNode TemplateCall()
    {
        const string Context = "template clause";
        Token token = NextNonSpace();
        string name = TemplateName(token, Context);
        PipeNode? pipe = null;
        if (NextNonSpace().Kind != TokenKind.RightDelim)
        {
            Backup();
            pipe = Pipeline(Context, TokenKind.RightDelim);
        }

        return new TemplateNode(file, token.Pos, name, pipe);
    }

    private sealed class EndNode(ParsedFile file, int pos) : Node(file, pos)
    {
        public override string ToString() => "{{end}}";
    }

    private sealed class ElseNode(ParsedFile file, int pos) : Node(file, pos)
    {
        public override string ToString() => "{{else}}";
    }
}
