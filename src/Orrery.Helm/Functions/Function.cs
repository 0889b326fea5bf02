using Orrery.Helm.Go;

namespace Orrery.Helm.Functions;

/// <summary>What type a parameter has in Go; it decides which arguments pass, and the texts of those that do not.</summary>
internal enum P
{
    Any, String, Int, Int64, Float, Bool, Uint32, Uint8, Map, List, Maps, Time, Duration, Certificate, Strings, Reflect,
}

/// <summary>A function or method that templates can call.</summary>
internal sealed record Function(string Name, P[] Parameters, bool Variadic, Func<RValue[], RValue> Body)
{
    public static string TypeName(P p) => p switch
    {
        P.Any => "interface {}",
        P.String => "string",
        P.Int => "int",
        P.Int64 => "int64",
        P.Float => "float64",
        P.Bool => "bool",
        P.Uint32 => "uint32",
        P.Uint8 => "uint8",
        P.Map => "map[string]interface {}",
        P.List => "[]interface {}",
        P.Maps => "[]map[string]interface {}",
        P.Time => "time.Time",
        P.Duration => "time.Duration",
        P.Certificate => "sprig.certificate",
        P.Strings => "[]string",
        _ => "reflect.Value",
    };

    /// <summary>A function whose result is of a concrete type in Go.</summary>
    public static Function Of(string name, P[] parameters, Func<object?[], object?> body, bool variadic = false) =>
        new(name, parameters, variadic, a => new RValue(body(Objects(a)), true, false));

    /// <summary>A function whose result is an interface {} in Go.</summary>
    public static Function OfAny(string name, P[] parameters, Func<object?[], object?> body, bool variadic = false) =>
        new(name, parameters, variadic, a => RValue.Interface(body(Objects(a))));

    private static object?[] Objects(RValue[] arguments)
    {
        var objects = new object?[arguments.Length];
        for (int i = 0; i < objects.Length; i++)
        {
            objects[i] = arguments[i].Value;
        }

        return objects;
    }
}
