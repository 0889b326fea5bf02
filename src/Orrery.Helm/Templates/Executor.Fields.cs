using Orrery.Helm.Functions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Templates;

// Fields, chains of fields, and variables with fields behind them.
internal sealed partial class Executor
{
    private RValue Field(RValue dot, FieldNode field, IReadOnlyList<Node> arguments, RValue? final)
    {
        at = field;
        return FieldChain(dot, dot, field, field.Path, arguments, final);
    }

    private RValue Chain(RValue dot, ChainNode chain, IReadOnlyList<Node> arguments, RValue? final)
    {
        at = chain;
        if (chain.Of is NilNode)
        {
            throw Error($"indirection through explicit nil in {chain}");
        }

        return FieldChain(dot, Argument(dot, null, chain.Of), chain, chain.Path, arguments, final);
    }

    private RValue Variable(RValue dot, VariableNode variable, IReadOnlyList<Node> arguments, RValue? final)
    {
        at = variable;
        RValue value = Variable(variable.Path[0]);
        if (variable.Path.Length == 1)
        {
            NotAFunction(arguments.Count == 0 ? [variable] : arguments, final);
            return value;
        }

        return FieldChain(dot, value, variable, variable.Path[1..], arguments, final);
    }

    private RValue FieldChain(RValue dot, RValue receiver, Node node, IReadOnlyList<string> path, IReadOnlyList<Node> arguments, RValue? final)
    {
        for (int i = 0; i < path.Count - 1; i++)
        {
            receiver = FieldOf(dot, path[i], node, [], null, receiver);
        }

        return FieldOf(dot, path[^1], node, arguments, final, receiver);
    }

    private RValue FieldOf(RValue dot, string name, Node node, IReadOnlyList<Node> arguments, RValue? final, RValue receiver)
    {
        if (!receiver.IsValid)
        {
            return default;
        }

        if (receiver.IsInterface && receiver.Value is null)
        {
            throw Error($"nil pointer evaluating {receiver.Type}.{name}");
        }

        if (Methods.Of(receiver.Value, name) is { } method)
        {
            return Call(dot, method, node, arguments, final);
        }

        bool hasArguments = arguments.Count > 1 || final is not null;
        switch (receiver.Value)
        {
            case GoObject o when o.TryField(name, out RValue field):
                return hasArguments ? throw Error($"{name} has arguments but cannot be invoked as function") : field;
            case GoMap map:
                if (hasArguments)
                {
                    throw Error($"{name} is not a method but has arguments");
                }

                return map.TryGet(name, out object? value) ? RValue.Element(value, map.Element) : Zero(map.Element);
        }

        throw Error($"can't evaluate field {name} in type {receiver.Type}");
    }

    /// <summary>The zero value of a map's element type: what a missing key gives.</summary>
    internal static RValue Zero(string type) => type switch
    {
        "string" => RValue.Of(""),
        "[]uint8" => RValue.Of(new GoSlice([], type) { IsNil = true }),
        _ => RValue.NilInterface,
    };
}
