using System.Numerics;
using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>text/template's own functions.</summary>
internal static class Builtins
{
    public static IEnumerable<Function> All =>
    [
        new("and", [P.Reflect, P.Reflect], true, a => a[^1]),
        new("or", [P.Reflect, P.Reflect], true, a => a[^1]),
        new("not", [P.Reflect], false, a => RValue.Of(!GoTypes.IsTrue(a[0].Value))),
        new("len", [P.Reflect], false, a => RValue.Of(new GoInt(Length(a[0])))),
        new("index", [P.Reflect, P.Reflect], true, Index),
        new("call", [P.Reflect, P.Reflect], true, Call),
        Function.Of("print", [P.Any], GoFormat.Sprint, true),
        Function.Of("println", [P.Any], GoFormat.Sprintln, true),
        Function.Of("printf", [P.String, P.Any], a => GoFormat.Sprintf((string)a[0]!, a[1..]), true),
        Function.Of("html", [P.Any], a => Escapes.Html(Text(a)), true),
        Function.Of("js", [P.Any], a => Escapes.Js(Text(a)), true),
        Function.Of("urlquery", [P.Any], a => Escapes.Query(Text(a)), true),
        new("eq", [P.Reflect, P.Reflect], true, a => RValue.Of(Comparison.Equal(a[0], a[1..]))),
        new("ne", [P.Reflect, P.Reflect], false, a => RValue.Of(!Comparison.Equal(a[0], a[1..]))),
        new("lt", [P.Reflect, P.Reflect], false, a => RValue.Of(Comparison.Less(a[0], a[1]))),
        new("le", [P.Reflect, P.Reflect], false, a => RValue.Of(Comparison.LessOrEqual(a[0], a[1]))),
        new("gt", [P.Reflect, P.Reflect], false, a => RValue.Of(!Comparison.LessOrEqual(a[0], a[1]))),
        new("ge", [P.Reflect, P.Reflect], false, a => RValue.Of(!Comparison.Less(a[0], a[1]))),
    ];

    private static string Text(object?[] arguments) =>
        arguments.Length == 1 && arguments[0] is string s ? s : GoFormat.Sprint([.. arguments.Select(a => a ?? "<no value>")]);

    private static long Length(RValue item)
    {
        if (!item.IsValid)
        {
            throw new GoException("reflect: call of reflect.Value.Type on zero Value");
        }

        return item.Value switch
        {
            null => throw new GoException("len of nil pointer"),
            string s => s.Length,
            GoMap m => m.Count,
            GoSlice s => s.Count,
            _ => throw new GoException("len of type " + GoTypes.TypeOf(item.Value)),
        };
    }

    private static RValue Index(RValue[] arguments)
    {
        RValue item = arguments[0];
        if (item.Value is null)
        {
            throw new GoException("index of untyped nil");
        }

        foreach (RValue index in arguments[1..])
        {
            switch (item.Value)
            {
                case null:
                    throw new GoException("index of nil pointer");
                case string s:
                    item = RValue.Of((byte)s[Position(index.Value, s.Length)]);
                    break;
                case GoSlice list:
                    item = RValue.Element(list.Items[Position(index.Value, list.Count)], list.Element);
                    break;
                case GoMap map:
                    string key = index.Value switch
                    {
                        string k => k,
                        null => throw new GoException("value is nil; should be of type string"),
                        _ => throw new GoException($"value has type {GoTypes.TypeOf(index.Value)}; should be string"),
                    };
                    item = map.TryGet(key, out object? value) ? RValue.Element(value, map.Element) : Templates.Executor.Zero(map.Element);
                    break;
                default:
                    throw new GoException("can't index item of type " + GoTypes.TypeOf(item.Value));
            }
        }

        return item;
    }

    private static int Position(object? index, int count)
    {
        if (index is null)
        {
            throw new GoException("cannot index slice/array with nil");
        }

        BigInteger x = GoTypes.Integer(index) ?? throw new GoException("cannot index slice/array with type " + GoTypes.TypeOf(index));
        if (x < 0 || x > count)
        {
            throw new GoException($"index out of range: {x}");
        }

        return x == count ? throw new GoException("reflect: slice index out of range") : (int)x;
    }

    /// <summary>No value a template can reach is a function, so a call always fails; the text says why.</summary>
    /// <summary>What is no nil the executor refuses, who knows how the template names it.</summary>
    private static RValue Call(RValue[] arguments) => throw new GoException("call of nil");
}
