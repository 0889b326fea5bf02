using System.Numerics;
using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary>Operators and indexing.</summary>
internal static class Operators
{
    private static readonly string[] Numbers = ["int", "uint", "double"];

    public static IEnumerable<Overload> All =>
    [
        Of("!_(bool) bool", a => !(bool)a[0]!),
        Of("-_(int) int", a => (long)a[0]! == long.MinValue ? Overflow("integer") : -(long)a[0]!),
        Of("-_(double) double", a => -(double)a[0]!),
        Of("_==_(T, T) bool", a => CelValues.AreEqual(a[0], a[1])),
        Of("_!=_(T, T) bool", a => !CelValues.AreEqual(a[0], a[1])),
        .. Orders(),
        .. Numbers.Take(2).SelectMany(Whole),
        Of("_+_(double, double) double", a => (double)a[0]! + (double)a[1]!),
        Of("_-_(double, double) double", a => (double)a[0]! - (double)a[1]!),
        Of("_*_(double, double) double", a => (double)a[0]! * (double)a[1]!),
        Of("_/_(double, double) double", a => (double)a[0]! / (double)a[1]!),
        Of("_+_(string, string) string", a => (string)a[0]! + (string)a[1]!),
        Of("_+_(bytes, bytes) bytes", a => (byte[])[.. (byte[])a[0]!, .. (byte[])a[1]!]),
        Of("_+_(list(T), list(T)) list(T)", a => Lists.Concat((CelList)a[0]!, (CelList)a[1]!)),
        Of("_+_(timestamp, duration) timestamp", a => CelTime.Timestamp(At(a[0]) + Span(a[1]))),
        Of("_+_(duration, timestamp) timestamp", a => CelTime.Timestamp(At(a[1]) + Span(a[0]))),
        Of("_+_(duration, duration) duration", a => CelTime.Duration((Int128)Span(a[0]) + Span(a[1]))),
        Of("_-_(timestamp, timestamp) duration", a => CelTime.Duration(At(a[0]) - At(a[1]))),
        Of("_-_(timestamp, duration) timestamp", a => CelTime.Timestamp(At(a[0]) - Span(a[1]))),
        Of("_-_(duration, duration) duration", a => CelTime.Duration((Int128)Span(a[0]) - Span(a[1]))),
        Of("_[_](list(T), int) T", a => Item((CelList)a[0]!, a[1])),
        Of("_[_](list(T), dyn) T", a => Item((CelList)a[0]!, a[1])),
        Of("_[_](map(K, V), K) V", a => ((CelMap)a[0]!).TryGet(a[1], out object? v) ? v : CelError.NoKey(a[1])),
        Of("@in(T, list(T)) bool", a => ((CelList)a[1]!).Items.Any(x => CelValues.AreEqual(x, a[0]))),
        Of("@in(K, map(K, V)) bool", a => ((CelMap)a[1]!).TryGet(a[0], out _)),
    ];

    private static CelError Overflow(string kind) => new(kind + " overflow");

    private static Int128 At(object? value) => ((CelTimestamp)value!).Nanos;

    private static long Span(object? value) => ((CelDuration)value!).Nanos;

    /// <summary>An index is a whole number, however it is written.</summary>
    internal static object? Item(CelList list, object? index)
    {
        long? at = index switch { long l => l, ulong u when u <= int.MaxValue => (long)u, double d when d == Math.Truncate(d) && Math.Abs(d) < 1e15 => (long)d, _ => null };
        return at is null ? (index is double ? new CelError("invalid_argument") : CelError.NoOverload)
            : at >= 0 && at < list.Count ? list[(int)at] : new CelError($"index out of bounds: {at}");
    }

    private static IEnumerable<Overload> Orders()
    {
        (string Name, Func<int, bool> Holds)[] orders = [("_<_", o => o < 0), ("_<=_", o => o <= 0), ("_>_", o => o > 0), ("_>=_", o => o >= 0)];
        IEnumerable<(string, string)> pairs = [.. Numbers.SelectMany(a => Numbers.Select(b => (a, b))), .. ((string[])["bool", "string", "bytes", "timestamp", "duration"]).Select(t => (t, t))];
        return from order in orders from pair in pairs select Of($"{order.Name}({pair.Item1}, {pair.Item2}) bool", a => CelValues.Compare(a[0]!, a[1]!) is { } o && order.Holds(o));
    }

    private static IEnumerable<Overload> Whole(string type)
    {
        bool signed = type == "int";
        BigInteger low = signed ? long.MinValue : 0, high = signed ? long.MaxValue : ulong.MaxValue;
        BigInteger Big(object? value) => signed ? (long)value! : (ulong)value!;
        object Fit(BigInteger value) => value < low || value > high ? Overflow(signed ? "integer" : "unsigned integer") : signed ? (long)value : (ulong)value;
        yield return Of($"_+_({type}, {type}) {type}", a => Fit(Big(a[0]) + Big(a[1])));
        yield return Of($"_-_({type}, {type}) {type}", a => Fit(Big(a[0]) - Big(a[1])));
        yield return Of($"_*_({type}, {type}) {type}", a => Fit(Big(a[0]) * Big(a[1])));
        yield return Of($"_/_({type}, {type}) {type}", a => Big(a[1]).IsZero ? new CelError("division by zero") : Fit(Big(a[0]) / Big(a[1])));
        yield return Of($"_%_({type}, {type}) {type}", a => Big(a[1]).IsZero ? new CelError("modulus by zero") : Fit(BigInteger.Remainder(Big(a[0]), Big(a[1]))));
    }
}
