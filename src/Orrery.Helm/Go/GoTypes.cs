using System.Numerics;

namespace Orrery.Helm.Go;

/// <summary>Go's names of types and kinds, and what it takes for true and equal.</summary>
internal static class GoTypes
{
    public static string TypeOf(object? value) => value switch
    {
        null => "<nil>",
        string => "string",
        bool => "bool",
        GoInt => "int",
        long => "int64",
        double => "float64",
        byte => "uint8",
        int => "int32",
        uint => "uint32",
        ulong => "uint64",
        Complex => "complex128",
        GoMap m => m.Type,
        GoSlice s => s.Type,
        GoObject o => o.Type,
        _ => throw new InvalidOperationException($"no Go type for {value.GetType()}"),
    };

    public static string KindOf(object? value) => value switch
    {
        null => "invalid",
        GoMap => "map",
        GoSlice => "slice",
        GoObject o => o.Kind,
        _ => TypeOf(value),
    };

    /// <summary>The whole number in a value of an integer kind.</summary>
    public static BigInteger? Integer(object? value) => value switch
    {
        GoInt i => i.Value,
        long l => l,
        byte b => b,
        int i => i,
        uint u => u,
        ulong u => u,
        Host.GoNamedInt n => n.Value,
        _ => null,
    };

    /// <summary>text/template's truth: not the zero value, not empty.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null => false,
        bool b => b,
        string s => s.Length > 0,
        double d => d != 0,
        Complex c => c != Complex.Zero,
        GoMap m => m.Count > 0,
        GoSlice s => s.Count > 0,
        _ => Integer(value) is not { } i || !i.IsZero,
    };

    /// <summary>reflect.DeepEqual.</summary>
    public static bool DeepEqual(object? a, object? b)
    {
        Templates.RenderBudget.Visit();
        if (a is null || b is null)
        {
            return a is null && b is null;
        }

        if (TypeOf(a) != TypeOf(b))
        {
            return false;
        }

        return (a, b) switch
        {
            (GoMap x, GoMap y) => ReferenceEquals(x, y) || (x.IsNil == y.IsNil && x.Count == y.Count && x.Items.All(i => y.Contains(i.Key) && DeepEqual(i.Value, y[i.Key]))),
            (GoSlice x, GoSlice y) => x.IsNil == y.IsNil && x.Count == y.Count && x.Items.Zip(y.Items).All(p => DeepEqual(p.First, p.Second)),
            (GoObject x, GoObject y) => ReferenceEquals(x, y) || x.Equals(y) || (x.Fields.Any() && x.Fields.Zip(y.Fields).All(p => DeepEqual(p.First.Value, p.Second.Value))),
            (double x, double y) => x == y,
            _ => a.Equals(b),
        };
    }
}
