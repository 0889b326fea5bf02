using Orrery.Helm.Functions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Templates;

// Calls: finding the function, checking how many arguments there are, and fitting each into its parameter's type.
internal sealed partial class Executor
{
    /// <summary>Bytes of arguments from which on a call is taken for slow enough to look at the clock.</summary>
    private const int LargeText = 1 << 16;

    private RValue CallByName(RValue dot, IdentifierNode identifier, Node command, IReadOnlyList<Node> arguments, RValue? final)
    {
        at = identifier;
        Function function = set.Function(identifier.Name) ?? throw Error($"{GoQuote.Quote(identifier.Name)} is not a defined function");
        return Call(dot, function, command, arguments, final);
    }

    private RValue Call(RValue dot, Function function, Node node, IReadOnlyList<Node> arguments, RValue? final)
    {
        int given = Math.Max(0, arguments.Count - 1);
        int total = given + (final is null ? 0 : 1);
        P[] parameters = function.Parameters;
        int @fixed = given;
        if (function.Variadic)
        {
            @fixed = parameters.Length - 1;
            if (total < @fixed)
            {
                throw Error(FormattableString.Invariant($"wrong number of args for {function.Name}: want at least {@fixed} got {given}"));
            }
        }
        else if (total != parameters.Length)
        {
            throw Error(FormattableString.Invariant($"wrong number of args for {function.Name}: want {parameters.Length} got {total}"));
        }

        if (function.Name is "and" or "or")
        {
            return ShortCircuit(dot, function.Name == "or", arguments, final);
        }

        var values = new RValue[total];
        int n = 0;
        for (; n < @fixed && n < given; n++)
        {
            values[n] = Argument(dot, parameters[n], arguments[n + 1]);
        }

        for (; n < given; n++)
        {
            values[n] = Argument(dot, parameters[^1], arguments[n + 1]);
        }

        if (final is { } last)
        {
            P type = parameters[^1];
            if (function.Variadic && total - 1 < @fixed)
            {
                type = parameters[total - 1];
            }

            values[n] = Fit(last, type);
        }

        if (function.Name == "call" && values[0].Value is { } called)
        {
            // No value of a template is a function; Go names it as the template does.
            at = node;
            string name = given > 0 ? arguments[1].ToString()! : called is string text ? text : $"<{GoTypes.TypeOf(called)} Value>";
            throw Error($"error calling call: non-function {name} of type {GoTypes.TypeOf(called)}");
        }

        long size = 0;
        foreach (RValue value in values)
        {
            size += value.Value is string part ? part.Length : 0;
        }

        RenderBudget.Reserve(size);
        if (size > LargeText)
        {
            budget.CheckTime();
        }

        try
        {
            RValue result = function.Body(values);
            budget.Made(result.Value switch { string text => text.Length, GoSlice list => 16L * list.Count, _ => 0 });
            return result;
        }
        catch (System.Text.RegularExpressions.RegexMatchTimeoutException e)
        {
            throw new RenderLimitException(FormattableString.Invariant($"{function.Name} takes longer than {e.MatchTimeout.TotalSeconds} s"));
        }
        catch (Exception e) when (e is GoException or TemplateExecException or TemplateParseException)
        {
            at = node;
            throw Error($"error calling {function.Name}: {e.Message}");
        }
    }

    private RValue ShortCircuit(RValue dot, bool or, IReadOnlyList<Node> arguments, RValue? final)
    {
        RValue value = default;
        if (arguments.Count <= 1 && final is null)
        {
            throw Error($"wrong number of args for {(or ? "or" : "and")}: want at least 1 got 0");
        }

        for (int i = 1; i < arguments.Count; i++)
        {
            value = Argument(dot, P.Reflect, arguments[i]);
            if (GoTypes.IsTrue(value.Value) == or)
            {
                return value;
            }
        }

        return final ?? value;
    }

    private static bool CanBeNil(P type) => type is P.Any or P.Map or P.List or P.Maps or P.Strings or P.Reflect;

    private static RValue NilOf(P type) => type switch
    {
        P.Any => RValue.NilInterface,
        P.Map => RValue.Of(new GoMap { IsNil = true }),
        P.List => RValue.Of(new GoSlice([]) { IsNil = true }),
        P.Strings => RValue.Of(new GoSlice([], GoSlice.Strings) { IsNil = true }),
        _ => default,
    };

    /// <summary>Go's evalArg: an argument for a parameter of a type; null asks for no type.</summary>
    private RValue Argument(RValue dot, P? type, Node node)
    {
        at = node;
        switch (node)
        {
            case DotNode:
                return Fit(dot, type);
            case NilNode:
                return type is { } t && CanBeNil(t) ? NilOf(t) : throw Error($"cannot assign nil to {Function.TypeName(type ?? P.Any)}");
            case FieldNode field:
                return Fit(Field(dot, field, [node], null), type);
            case VariableNode variable:
                return Fit(Variable(dot, variable, [], null), type);
            case PipeNode pipe:
                return Fit(Pipeline(dot, pipe), type);
            case IdentifierNode identifier:
                return Fit(CallByName(dot, identifier, identifier, [], null), type);
            case ChainNode chain:
                return Fit(Chain(dot, chain, [], null), type);
        }

        return Literal(type ?? P.Any, node);
    }

    private RValue Literal(P type, Node node)
    {
        switch (type)
        {
            case P.Bool:
                return node is BoolNode b ? RValue.Of(b.Boxed) : throw Error($"expected bool; found {node}");
            case P.String:
                return node is StringNode s ? RValue.Of(s.Text) : throw Error($"expected string; found {node}");
            case P.Int:
                return node is NumberNode { Int: { } i } ? RValue.Of(new GoInt(i)) : throw Error($"expected integer; found {node}");
            case P.Int64:
                return node is NumberNode { Int: { } l } ? RValue.Of(l) : throw Error($"expected integer; found {node}");
            case P.Duration:
                return node is NumberNode { Int: { } n } ? RValue.Of(Time.GoDuration.Of(n)) : throw Error($"expected integer; found {node}");
            case P.Float:
                return node is NumberNode { Float: { } f } ? RValue.Of(f) : throw Error($"expected float; found {node}");
            case P.Uint32:
                return node is NumberNode { Uint: { } u } ? RValue.Of((uint)u) : throw Error($"expected unsigned integer; found {node}");
            case P.Uint8:
                return node is NumberNode { Uint: { } c } ? RValue.Of((byte)c) : throw Error($"expected unsigned integer; found {node}");
            case P.Any or P.Reflect:
                RValue value = node switch
                {
                    BoolNode v => RValue.Of(v.Boxed),
                    NumberNode v => Ideal(v),
                    StringNode v => RValue.Of(v.Text),
                    _ => throw Error($"can't handle assignment of {node} to empty interface argument"),
                };
                return value;
        }

        throw Error($"can't handle {node} for arg of type {Function.TypeName(type)}");
    }

    /// <summary>Go's validateType: a value for a parameter, out of its interface where that makes it fit.</summary>
    private RValue Fit(RValue value, P? type)
    {
        if (type is not { } wanted)
        {
            return value;
        }

        if (!value.IsValid)
        {
            return CanBeNil(wanted) ? NilOf(wanted) : throw Error($"invalid value; expected {Function.TypeName(wanted)}");
        }

        if (wanted is P.Any)
        {
            return RValue.Interface(value.Value);
        }

        if (wanted is P.Reflect)
        {
            return value;
        }

        return Assignable(value.Value, wanted)
            ? RValue.Of(wanted is P.Map ? ((GoMap)value.Value!).AsPlain() : value.Value)
            : throw Error($"wrong type for value; expected {Function.TypeName(wanted)}; got {(value.IsInterface && value.Value is null ? "interface {}" : GoTypes.TypeOf(value.Value))}");
    }

    private static bool Assignable(object? value, P type) => type switch
    {
        P.String => value is string,
        P.Int => value is GoInt,
        P.Int64 => value is long,
        P.Float => value is double,
        P.Bool => value is bool,
        P.Uint32 => value is uint,
        P.Uint8 => value is byte,
        P.Map => value is GoMap { IsPlain: true },
        P.List => value is GoSlice { Type: GoSlice.Plain },
        P.Strings => value is GoSlice { Type: GoSlice.Strings or "chartutil.VersionSet" },
        _ => value is not null && GoTypes.TypeOf(value) == Function.TypeName(type),
    };
}
