using System.Numerics;
using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>eq, lt and their kin: only values of one basic kind compare.</summary>
internal static class Comparison
{
    private enum Basic
    {
        None, Bool, Complex, Float, Int, String, Uint,
    }

    private static Basic KindOf(object? value) => value switch
    {
        bool => Basic.Bool,
        Complex => Basic.Complex,
        double => Basic.Float,
        string => Basic.String,
        byte or uint or ulong => Basic.Uint,
        _ => GoTypes.Integer(value) is null ? Basic.None : Basic.Int,
    };

    private static GoException Incompatible(object? a, object? b) =>
        new($"incompatible types for comparison: {GoTypes.TypeOf(a)} and {GoTypes.TypeOf(b)}");

    public static bool Equal(RValue first, RValue[] others)
    {
        if (others.Length == 0)
        {
            throw new GoException("missing argument for comparison");
        }

        object? a = first.Value;
        return others.Any(o => Equal(a, o.Value));
    }

    private static bool Equal(object? a, object? b)
    {
        (Basic ka, Basic kb) = (KindOf(a), KindOf(b));
        if (ka != kb)
        {
            if (ka is Basic.Int or Basic.Uint && kb is Basic.Int or Basic.Uint)
            {
                return GoTypes.Integer(a) == GoTypes.Integer(b);
            }

            return a is null || b is null ? false : throw Incompatible(a, b);
        }

        switch (ka)
        {
            case Basic.Int or Basic.Uint:
                return GoTypes.Integer(a) == GoTypes.Integer(b);
            case Basic.Float:
                return (double)a! == (double)b!;
            case not Basic.None:
                return a!.Equals(b);
        }

        if (a is null || b is null)
        {
            return IsNil(a) && IsNil(b);
        }

        if (IsNil(a) || IsNil(b))
        {
            return IsNil(a) == IsNil(b);
        }

        if (b is GoMap or GoSlice)
        {
            throw new GoException(GoTypes.TypeOf(a) == GoTypes.TypeOf(b)
                ? $"non-comparable type {GoFormat.Sprintf("%s", a)}: {GoTypes.TypeOf(a)}"
                : $"non-comparable types {GoFormat.Sprintf("%s", a)}: {GoTypes.TypeOf(a)}, {GoTypes.TypeOf(b)}: {GoFormat.Sprintf("%v", b)}");
        }

        return ReferenceEquals(a, b) || (a.GetType() == b.GetType() && a.Equals(b));
    }

    private static bool IsNil(object? value) => value is null or GoMap { IsNil: true } or GoSlice { IsNil: true };

    public static bool Less(RValue first, RValue second)
    {
        (object? a, object? b) = (first.Value, second.Value);
        Basic ka = KindOf(a);
        Basic kb = KindOf(b);
        if (ka == Basic.None || kb == Basic.None)
        {
            throw new GoException("invalid type for comparison");
        }

        if (ka != kb && !(ka is Basic.Int or Basic.Uint && kb is Basic.Int or Basic.Uint))
        {
            throw Incompatible(a, b);
        }

        return ka switch
        {
            Basic.Bool or Basic.Complex => throw new GoException("invalid type for comparison"),
            Basic.Float => (double)a! < (double)b!,
            Basic.String => string.CompareOrdinal((string)a!, (string)b!) < 0,
            _ => GoTypes.Integer(a) < GoTypes.Integer(b),
        };
    }

    public static bool LessOrEqual(RValue first, RValue second) => Less(first, second) || Equal(first, [second]);
}
