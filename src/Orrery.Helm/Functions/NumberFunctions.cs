using System.Globalization;
using System.Numerics;
using Orrery.Helm.Go;
using Orrery.Helm.Templates;

namespace Orrery.Helm.Functions;

/// <summary>Sprig's arithmetic. Integers wrap at 64 bits as Go's do; the f-functions work in decimal.</summary>
internal static class NumberFunctions
{
    private static Function Fold(string name, Func<long, long, long> f, long seed) =>
        Function.Of(name, [P.Any], a => a.Aggregate(seed, (n, v) => f(n, Casts.ToInt64(v))), true);

    private static Function FoldFrom(string name, Func<long, long, long> f) =>
        Function.Of(name, [P.Any, P.Any], a => a[1..].Aggregate(Casts.ToInt64(a[0]), (n, v) => f(n, Casts.ToInt64(v))), true);

    private static Function Float(string name, Func<BigRational, BigRational, BigRational> f, double? seed = null) => seed is { } start
        ? Function.Of(name, [P.Any], a => a.Aggregate(BigRational.Of(start), (n, v) => f(n, Decimal(v))).ToDouble(), true)
        : Function.Of(name, [P.Any, P.Any], a => a[1..].Aggregate(Decimal(a[0]), (n, v) => f(n, Decimal(v))).ToDouble(), true);

    private static BigRational Decimal(object? v) => BigRational.Of(Casts.ToFloat(v));

    public static IEnumerable<Function> All =>
    [
        Function.Of("int", [P.Any], a => new GoInt(Casts.ToInt64(a[0]))),
        Function.Of("int64", [P.Any], a => Casts.ToInt64(a[0])),
        Function.Of("float64", [P.Any], a => Casts.ToFloat(a[0])),
        Function.Of("atoi", [P.String], a => new GoInt(GoParse.Integer((string)a[0]!, 10) is { } n && n >= long.MinValue && n <= long.MaxValue ? (long)n : Clamped((string)a[0]!))),
        Function.Of("toDecimal", [P.Any], a => Octal(GoFormat.Value(a[0]))),
        Fold("add", (x, y) => unchecked(x + y), 0),
        Function.Of("add1", [P.Any], a => unchecked(Casts.ToInt64(a[0]) + 1)),
        Function.Of("sub", [P.Any, P.Any], a => unchecked(Casts.ToInt64(a[0]) - Casts.ToInt64(a[1]))),
        Function.Of("div", [P.Any, P.Any], a => Divide(Casts.ToInt64(a[0]), Casts.ToInt64(a[1]), false)),
        Function.Of("mod", [P.Any, P.Any], a => Divide(Casts.ToInt64(a[0]), Casts.ToInt64(a[1]), true)),
        FoldFrom("mul", (x, y) => unchecked(x * y)),
        FoldFrom("max", Math.Max),
        FoldFrom("biggest", Math.Max),
        FoldFrom("min", Math.Min),
        Float("addf", (x, y) => x + y, 0),
        Function.Of("add1f", [P.Any], a => (Decimal(a[0]) + BigRational.Of(1)).ToDouble()),
        Float("subf", (x, y) => x - y),
        Float("divf", (x, y) => x.DividedBy(y)),
        Float("mulf", (x, y) => x * y),
        Function.Of("maxf", [P.Any, P.Any], a => a.Select(Casts.ToFloat).Aggregate(Math.Max), true),
        Function.Of("minf", [P.Any, P.Any], a => a.Select(Casts.ToFloat).Aggregate(Math.Min), true),
        Function.Of("ceil", [P.Any], a => Math.Ceiling(Casts.ToFloat(a[0]))),
        Function.Of("floor", [P.Any], a => Math.Floor(Casts.ToFloat(a[0]))),
        Function.Of("round", [P.Any, P.Int, P.Float], a => Round(Casts.ToFloat(a[0]), (int)Math.Clamp(((GoInt)a[1]!).Value, -400, 400), a.Length > 2 ? (double)a[2]! : 0.5), true),
        Function.Of("until", [P.Int], a => Until(((GoInt)a[0]!).Value)),
        Function.Of("untilStep", [P.Int, P.Int, P.Int], a => Steps(((GoInt)a[0]!).Value, ((GoInt)a[1]!).Value, ((GoInt)a[2]!).Value)),
        Function.Of("seq", [P.Int], a => Sequence([.. a.Select(v => ((GoInt)v!).Value)]), true),
    ];

    /// <summary>strconv.Atoi clamps what is out of range and Sprig drops its error; what is no number is 0.</summary>
    private static long Clamped(string s) => GoParse.Integer(s, 10) is { } n ? (n < 0 ? long.MinValue : long.MaxValue) : 0;

    private static long Octal(string s) => GoParse.Integer(s, 8) is { } n && n >= long.MinValue && n <= long.MaxValue ? (long)n : 0;

    private static long Divide(long a, long b, bool rest)
    {
        if (b == 0)
        {
            throw new GoException("runtime error: integer divide by zero");
        }

        return b == -1 ? (rest ? 0 : unchecked(-a)) : rest ? a % b : a / b;
    }

    private static double Round(double v, int digits, double half)
    {
        double power = Math.Pow(10, digits);
        double scaled = power * v;
        double whole = Math.Truncate(scaled);
        double fraction = scaled - whole;
        return (fraction >= half ? Math.Ceiling(scaled) : Math.Floor(scaled)) / power;
    }

    private static GoSlice Until(long count) => Steps(0, count, count < 0 ? -1 : 1);

    private static GoSlice Steps(long start, long stop, long step)
    {
        var list = new List<object?>();
        if (step == 0 || (step > 0 ? stop < start : stop >= start && step < 0))
        {
            return new GoSlice(list, "[]int");
        }

        RenderBudget.Reserve((long)BigInteger.Min(long.MaxValue, BigInteger.Abs((BigInteger)stop - start) / BigInteger.Abs(step) * 16));
        for (long i = start; step > 0 ? i < stop : i > stop; i += step)
        {
            list.Add(new GoInt(i));
        }

        return new GoSlice(list, "[]int");
    }

    private static string Sequence(long[] p)
    {
        (long start, long step, long end) = p.Length switch
        {
            1 => (1, p[0] < 1 ? -1 : 1, p[0]),
            2 => (p[0], p[1] < p[0] ? -1 : 1, p[1]),
            3 => (p[0], p[1], p[2]),
            _ => (0, 0, 0),
        };
        if (p.Length is 0 or > 3 || (p.Length == 3 && (end < start ? step >= 0 : step < 0)))
        {
            return "";
        }

        return string.Join(' ', Steps(start, end + (step < 0 ? -1 : 1), step).Items.Select(GoFormat.Value));
    }
}
