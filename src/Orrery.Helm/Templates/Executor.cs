using System.Text;
using Orrery.Helm.Functions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Templates;

/// <summary>
/// Runs a template: Go's text/template/exec.go with missingkey=zero. <see cref="at"/> is the node that an error names;
/// it moves exactly as Go moves it, since Go's error texts depend on it.
/// </summary>
internal sealed partial class Executor
{
    /// <summary>Go's own bound is 100,000; the stack of a render thread carries less.</summary>
    private const int MaxTemplateDepth = 10_000;

    private readonly TemplateSet set;
    private readonly Template template;
    private readonly StringBuilder output;
    private readonly RenderBudget budget;
    private readonly int depth;
    private readonly List<(string Name, RValue Value)> variables;
    private Node? at;

    private enum Flow
    {
        Normal, Break, Continue,
    }

    private Executor(TemplateSet set, Template template, StringBuilder output, RenderBudget budget, RValue dot, int depth)
    {
        (this.set, this.template, this.output, this.budget, this.depth) = (set, template, output, budget, depth);
        variables = [("$", dot)];
    }

    /// <exception cref="TemplateExecException">The template failed; the message is Go's.</exception>
    public static void Execute(TemplateSet set, Template template, object? data, StringBuilder output, RenderBudget budget)
    {
        RValue dot = RValue.Of(data);
        try
        {
            new Executor(set, template, output, budget, dot, 0).WalkList(dot, template.Tree);
        }
        catch (InsufficientExecutionStackException)
        {
            throw new RenderLimitException($"template {GoQuote.Quote(template.Name)} nests too deep");
        }
    }

    private TemplateExecException Error(string message)
    {
        if (at is null)
        {
            return new TemplateExecException($"template: {template.Name}: {message}");
        }

        return new TemplateExecException($"template: {at.File.Location(at.Pos)}: executing {GoQuote.Quote(template.Name)} at <{at}>: {message}");
    }

    private Flow WalkList(RValue dot, ListNode list)
    {
        foreach (Node node in list.Nodes)
        {
            Flow flow = Walk(dot, node);
            if (flow != Flow.Normal)
            {
                return flow;
            }
        }

        return Flow.Normal;
    }

    private Flow Walk(RValue dot, Node node)
    {
        budget.Step();
        at = node;
        switch (node)
        {
            case TextNode text:
                budget.Write(output, text.Text);
                return Flow.Normal;
            case ActionNode action:
                RValue value = Pipeline(dot, action.Pipe);
                if (action.Pipe.Declared.Count == 0)
                {
                    at = node;
                    Print(value);
                }

                return Flow.Normal;
            case BranchNode { Kind: TokenKind.Range } range:
                return WalkRange(dot, range);
            case BranchNode branch:
                return WalkIfOrWith(dot, branch);
            case JumpNode jump:
                return jump.IsBreak ? Flow.Break : Flow.Continue;
            case TemplateNode call:
                WalkTemplate(dot, call);
                return Flow.Normal;
            default:
                throw new InvalidOperationException($"unknown node {node.GetType().Name}");
        }
    }

    private Flow WalkIfOrWith(RValue dot, BranchNode branch)
    {
        int mark = variables.Count;
        RValue value = Pipeline(dot, branch.Pipe);
        Flow flow = Flow.Normal;
        if (GoTypes.IsTrue(value.Value))
        {
            flow = WalkList(branch.Kind == TokenKind.With ? value : dot, branch.Then);
        }
        else if (branch.Else is not null)
        {
            flow = WalkList(dot, branch.Else);
        }

        Pop(mark);
        return flow;
    }

    private void WalkTemplate(RValue dot, TemplateNode call)
    {
        at = call;
        Template? called = set.Find(call.Name);
        if (called is null)
        {
            throw Error($"template {GoQuote.Quote(call.Name)} not defined");
        }

        if (depth == MaxTemplateDepth)
        {
            throw Error(FormattableString.Invariant($"exceeded maximum template depth ({MaxTemplateDepth})"));
        }

        RValue inner = call.Pipe is null ? default : Pipeline(dot, call.Pipe);
        new Executor(set, called, output, budget, inner, depth + 1).WalkList(inner, called.Tree);
    }

    private Flow WalkRange(RValue dot, BranchNode range)
    {
        int outer = variables.Count;
        RValue value = Pipeline(dot, range.Pipe);
        int mark = variables.Count;
        bool ran = false;
        Flow flow = Flow.Normal;
        foreach ((RValue index, RValue element) in Iterations(value, range))
        {
            ran = true;
            Bind(range.Pipe, index, element);
            budget.Step();
            flow = WalkList(element, range.Then);
            Pop(mark);
            if (flow == Flow.Break)
            {
                break;
            }
        }

        flow = Flow.Normal;
        if (!ran && range.Else is not null)
        {
            flow = WalkList(dot, range.Else);
        }

        Pop(outer);
        return flow;
    }

    private IEnumerable<(RValue Index, RValue Element)> Iterations(RValue value, BranchNode range)
    {
        switch (value.Value)
        {
            case null:
                return [];
            case GoSlice list:
                return list.Items.Select((e, i) => (RValue.Of(new GoInt(i)), RValue.Element(e, list.Element)));
            case GoMap map:
                return map.Sorted.ToArray().Select(i => (RValue.Of(i.Key), RValue.Element(i.Value, map.Element)));
            case GoInt or long or int or byte or uint or ulong:
                if (range.Pipe.Declared.Count > 1)
                {
                    throw Error($"can't use {GoFormat.Value(value.Value)} to iterate over more than one variable");
                }

                return Count(value.Value);
            default:
                throw Error($"range can't iterate over {GoFormat.Value(value.Value)}");
        }
    }

    private static IEnumerable<(RValue Index, RValue Element)> Count(object number)
    {
        long end = (long)System.Numerics.BigInteger.Min(GoTypes.Integer(number)!.Value, long.MaxValue);
        for (long i = 0; i < end; i++)
        {
            object item = number switch { GoInt => new GoInt(i), long => i, byte => (byte)i, int => (int)i, uint => (uint)i, _ => (ulong)i };
            yield return (default, RValue.Of(item));
        }
    }

    private void Bind(PipeNode pipe, RValue index, RValue element)
    {
        if (pipe.Declared.Count == 0)
        {
            return;
        }

        if (pipe.IsAssign)
        {
            SetVariable(pipe.Declared[0].Path[0], pipe.Declared.Count > 1 ? index : element);
            if (pipe.Declared.Count > 1)
            {
                SetVariable(pipe.Declared[1].Path[0], element);
            }

            return;
        }

        SetTop(1, element);
        if (pipe.Declared.Count > 1)
        {
            SetTop(2, index);
        }
    }

    private void SetTop(int n, RValue value) => variables[^n] = (variables[^n].Name, value);

    private void SetVariable(string name, RValue value)
    {
        for (int i = variables.Count - 1; i >= 0; i--)
        {
            if (variables[i].Name == name)
            {
                variables[i] = (name, value);
                return;
            }
        }

        throw Error($"undefined variable: {name}");
    }

    private RValue Variable(string name)
    {
        for (int i = variables.Count - 1; i >= 0; i--)
        {
            if (variables[i].Name == name)
            {
                return variables[i].Value;
            }
        }

        throw Error($"undefined variable: {name}");
    }

    private void Pop(int mark) => variables.RemoveRange(mark, variables.Count - mark);

    private void Print(RValue value) => budget.Write(output, value switch
    {
        { Value: null, IsValid: false } => "<no value>",
        { Value: Host.GoStruct { AddressText: { } text } } => text,
        _ => GoFormat.Value(value.Value),
    });

    private RValue Pipeline(RValue dot, PipeNode pipe)
    {
        at = pipe;
        RValue? value = null;
        foreach (CommandNode command in pipe.Commands)
        {
            value = Command(dot, command, value).Unwrapped;
        }

        RValue result = value ?? default;
        foreach (VariableNode variable in pipe.Declared)
        {
            if (pipe.IsAssign)
            {
                SetVariable(variable.Path[0], result);
            }
            else
            {
                variables.Add((variable.Path[0], result));
            }
        }

        return result;
    }

    private void NotAFunction(IReadOnlyList<Node> arguments, RValue? final)
    {
        if (arguments.Count > 1 || final is not null)
        {
            throw Error($"can't give argument to non-function {arguments[0]}");
        }
    }

    private RValue Command(RValue dot, CommandNode command, RValue? final)
    {
        Node first = command.Arguments[0];
        switch (first)
        {
            case FieldNode field:
                return Field(dot, field, command.Arguments, final);
            case ChainNode chain:
                return Chain(dot, chain, command.Arguments, final);
            case IdentifierNode identifier:
                return CallByName(dot, identifier, command, command.Arguments, final);
            case PipeNode pipe:
                NotAFunction(command.Arguments, final);
                return Pipeline(dot, pipe);
            case VariableNode variable:
                return Variable(dot, variable, command.Arguments, final);
        }

        at = first;
        NotAFunction(command.Arguments, final);
        return first switch
        {
            BoolNode b => RValue.Of(b.Boxed),
            DotNode => dot,
            NilNode => throw Error("nil is not a command"),
            NumberNode n => Ideal(n),
            StringNode s => RValue.Of(s.Text),
            _ => throw Error($"can't evaluate command {GoQuote.Quote(first.ToString()!)}"),
        };
    }

    private RValue Ideal(NumberNode number)
    {
        at = number;
        return number.Ideal is { } value ? RValue.Of(value) : throw Error($"{number} overflows int");
    }
}
