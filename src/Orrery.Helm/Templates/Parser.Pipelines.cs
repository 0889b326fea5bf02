using Orrery.Helm.Go;

namespace Orrery.Helm.Templates;

// What stands within an action: pipelines, commands and their operands.
internal sealed partial class Parser
{
    private PipeNode Pipeline(string context, TokenKind end)
    {
        var pipe = new PipeNode(file, PeekNonSpace().Pos);
        Declarations(pipe, context);
        while (true)
        {
            Token token = NextNonSpace();
            if (token.Kind == end)
            {
                CheckPipeline(pipe, context);
                return pipe;
            }

            if (token.Kind is not (TokenKind.Bool or TokenKind.CharConstant or TokenKind.Dot or TokenKind.Field or TokenKind.Identifier or TokenKind.Number
                or TokenKind.Nil or TokenKind.RawString or TokenKind.String or TokenKind.Variable or TokenKind.LeftParen))
            {
                throw Unexpected(token, context);
            }

            Backup();
            pipe.Commands.Add(Command());
        }
    }

    private void Declarations(PipeNode pipe, string context)
    {
        while (PeekNonSpace() is { Kind: TokenKind.Variable } v)
        {
            Next();
            // A space belongs between the variable and what follows it, so three tokens may have to be put back.
            Token afterVariable = Peek();
            Token next = PeekNonSpace();
            if (next.Kind is TokenKind.Assign or TokenKind.Declare)
            {
                pipe.IsAssign = next.Kind == TokenKind.Assign;
                NextNonSpace();
                pipe.Declared.Add(new VariableNode(file, v.Pos, v.Text.Split('.')));
                variables.Add(v.Text);
                return;
            }

            if (next is { Kind: TokenKind.Char, Text: "," })
            {
                NextNonSpace();
                pipe.Declared.Add(new VariableNode(file, v.Pos, v.Text.Split('.')));
                variables.Add(v.Text);
                if (context == "range" && pipe.Declared.Count < 2)
                {
                    if (PeekNonSpace().Kind is TokenKind.Variable or TokenKind.RightDelim or TokenKind.RightParen)
                    {
                        continue;
                    }

                    throw Fault("range can only initialize variables");
                }

                throw Fault($"too many declarations in {context}");
            }

            if (afterVariable.Kind == TokenKind.Space)
            {
                Backup3(v, afterVariable);
            }
            else
            {
                Backup2(v);
            }

            return;
        }
    }

    private void CheckPipeline(PipeNode pipe, string context)
    {
        if (pipe.Commands.Count == 0)
        {
            throw Fault($"missing value for {context}");
        }

        for (int i = 1; i < pipe.Commands.Count; i++)
        {
            if (pipe.Commands[i].Arguments[0] is BoolNode or DotNode or NilNode or NumberNode or StringNode)
            {
                throw Fault(FormattableString.Invariant($"non executable command in pipeline stage {i + 1}"));
            }
        }
    }

    private CommandNode Command()
    {
        var command = new CommandNode(file, PeekNonSpace().Pos);
        while (true)
        {
            PeekNonSpace();
            Node? operand = Operand();
            if (operand is not null)
            {
                command.Arguments.Add(operand);
            }

            Token token = Next();
            switch (token.Kind)
            {
                case TokenKind.Space:
                    continue;
                case TokenKind.RightDelim or TokenKind.RightParen:
                    Backup();
                    break;
                case TokenKind.Pipe:
                    break;
                default:
                    throw Unexpected(token, "operand");
            }

            return command.Arguments.Count == 0 ? throw Fault("empty command") : command;
        }
    }

    private Node? Operand()
    {
        Node? node = Term();
        if (node is null || Peek().Kind != TokenKind.Field)
        {
            return node;
        }

        var chain = new ChainNode(file, Peek().Pos, node);
        while (Peek().Kind == TokenKind.Field)
        {
            chain.Path.Add(Next().Text[1..]);
        }

        return node switch
        {
            FieldNode f => new FieldNode(file, chain.Pos, [.. f.Path, .. chain.Path]),
            VariableNode v => new VariableNode(file, chain.Pos, [.. v.Path, .. chain.Path]),
            BoolNode or StringNode or NumberNode or NilNode or DotNode => throw Fault($"unexpected . after term {GoQuote.Quote(node.ToString()!)}"),
            _ => chain,
        };
    }

    private Node? Term()
    {
        Token token = NextNonSpace();
        switch (token.Kind)
        {
            case TokenKind.Identifier:
                return isFunction(token.Text)
                    ? new IdentifierNode(file, token.Pos, token.Text)
                    : throw Fault($"function {GoQuote.Quote(token.Text)} not defined");
            case TokenKind.Dot:
                return new DotNode(file, token.Pos);
            case TokenKind.Nil:
                return new NilNode(file, token.Pos);
            case TokenKind.Variable:
                return variables.Contains(token.Text)
                    ? new VariableNode(file, token.Pos, token.Text.Split('.'))
                    : throw Fault($"undefined variable {GoQuote.Quote(token.Text)}");
            case TokenKind.Field:
                return new FieldNode(file, token.Pos, token.Text[1..].Split('.'));
            case TokenKind.Bool:
                return new BoolNode(file, token.Pos, token.Text == "true");
            case TokenKind.CharConstant or TokenKind.Number:
                return NumberLiteral.Parse(file, token) ?? throw Fault(NumberLiteral.Fault(token));
            case TokenKind.LeftParen:
                if (++depth > MaxDepth)
                {
                    throw Fault($"actions nest deeper than {MaxDepth}");
                }

                PipeNode pipe = Pipeline("parenthesized pipeline", TokenKind.RightParen);
                depth--;
                return pipe;
            case TokenKind.String or TokenKind.RawString:
                return new StringNode(file, token.Pos, token.Text, GoQuote.Unquote(token.Text) ?? throw Fault("invalid syntax"));
        }

        Backup();
        return null;
    }
}
