using Orrery.Helm.Go;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Functions;

/// <summary>Sprig's functions on maps, and those on types and defaults.</summary>
internal static class MapFunctions
{
    private static GoMap M(object? value) => (GoMap)value!;

    private static string S(object? value) => (string)value!;

    public static IEnumerable<Function> All =>
    [
        Function.Of("dict", [P.Any], Dict, true),
        Function.OfAny("get", [P.Map, P.String], a => M(a[0]).TryGet(S(a[1]), out object? v) ? v : ""),
        Function.Of("set", [P.Map, P.String, P.Any], a => { M(a[0])[S(a[1])] = a[2]; return a[0]; }),
        Function.Of("unset", [P.Map, P.String], a => { M(a[0]).Remove(S(a[1])); return a[0]; }),
        Function.Of("hasKey", [P.Map, P.String], a => M(a[0]).Contains(S(a[1]))),
        Function.Of("pluck", [P.String, P.Map], a => new GoSlice([.. a[1..].Where(m => M(m).Contains(S(a[0]))).Select(m => M(m)[S(a[0])])]), true),
        Function.Of("keys", [P.Map], a => GoSlice.OfStrings(a.SelectMany(m => M(m).Keys)), true),
        Function.Of("values", [P.Map], a => new GoSlice([.. M(a[0]).Items.Select(i => i.Value)])),
        Function.Of("pick", [P.Map, P.String], a => GoMap.Of(a[1..].Select(S).Distinct().Where(M(a[0]).Contains).Select(k => KeyValuePair.Create(k, M(a[0])[k]))), true),
        Function.Of("omit", [P.Map, P.String], a => GoMap.Of(M(a[0]).Items.Where(i => !a[1..].Contains(i.Key))), true),
        Function.OfAny("dig", [P.Any], Dig, true),
        .. Merges("merge", over: false),
        .. Merges("mergeOverwrite", over: true),
        Function.OfAny("deepCopy", [P.Any], DeepCopy),
        Function.OfAny("mustDeepCopy", [P.Any], DeepCopy),
        Function.Of("deepEqual", [P.Any, P.Any], a => GoTypes.DeepEqual(a[0], a[1])),
        Function.OfAny("default", [P.Any, P.Any], a => a.Length < 2 || Casts.IsEmpty(a[1]) ? a[0] : a[1], true),
        Function.Of("empty", [P.Any], a => Casts.IsEmpty(a[0])),
        Function.OfAny("ternary", [P.Any, P.Any, P.Bool], a => (bool)a[2]! ? a[0] : a[1]),
        Function.Of("kindOf", [P.Any], a => GoTypes.KindOf(a[0])),
        Function.Of("typeOf", [P.Any], a => GoTypes.TypeOf(a[0])),
        Function.Of("kindIs", [P.String, P.Any], a => GoTypes.KindOf(a[1]) == S(a[0])),
        Function.Of("typeIs", [P.String, P.Any], a => GoTypes.TypeOf(a[1]) == S(a[0])),
        Function.Of("typeIsLike", [P.String, P.Any], a => GoTypes.TypeOf(a[1]) is var t && (t == S(a[0]) || t == "*" + S(a[0]))),
    ];

    private static IEnumerable<Function> Merges(string name, bool over)
    {
        object? Body(object?[] a)
        {
            GoMap target = M(a[0]) is { IsNil: false } given ? given : new GoMap();
            foreach (object? source in a[1..])
            {
                Merge(target, M(source), over);
            }

            return target;
        }

        yield return Function.OfAny(name, [P.Map, P.Map], Body, true);
        yield return Function.OfAny("must" + char.ToUpperInvariant(name[0]) + name[1..], [P.Map, P.Map], Body, true);
    }

    /// <summary>mergo.Merge: maps merge, empty values are filled (or, with override, replaced by values that are not empty).</summary>
    private static void Merge(GoMap target, GoMap source, bool over)
    {
        foreach ((string key, object? value) in source.Items.ToArray())
        {
            Templates.RenderBudget.Visit();
            if (value is null)
            {
                if (over)
                {
                    target[key] = null;
                }

                continue;
            }

            bool known = target.TryGet(key, out object? mine);
            if (known && mine is GoMap inner && value is GoMap other && (inner.Count > 0 || !over))
            {
                if (!inner.SharesWith(other))
                {
                    Merge(inner, other, over);
                }
            }
            else if (!known || over || Casts.IsEmpty(mine))
            {
                target[key] = value;
            }
        }
    }

    private static object? DeepCopy(object?[] a) => a[0] is null ? throw new GoException("reflect: call of reflect.Value.Type on zero Value") : Copies.Deep(a[0]);

    private static object? Dict(object?[] a)
    {
        var map = new GoMap();
        for (int i = 0; i < a.Length; i += 2)
        {
            map[Casts.Text(a[i])] = i + 1 < a.Length ? a[i + 1] : "";
        }

        return map;
    }

    private static object? Dig(object?[] a)
    {
        if (a.Length < 3)
        {
            throw new GoException("dig needs at least three arguments");
        }

        object? at = Dictionary(a[^1]);
        foreach (object? key in a[..^2])
        {
            string name = key as string ?? throw new GoException($"interface conversion: interface {{}} is {Shown(key)}, not string");
            if (!Dictionary(at).TryGet(name, out at!))
            {
                return a[^2];
            }
        }

        return at;
    }

    private static string Shown(object? v) => v is null ? "nil" : GoTypes.TypeOf(v);

    private static GoMap Dictionary(object? v) => v is GoMap { Type: GoMap.Plain } map ? map
        : throw new GoException($"interface conversion: interface {{}} is {Shown(v)}, not map[string]interface {{}}");
}
