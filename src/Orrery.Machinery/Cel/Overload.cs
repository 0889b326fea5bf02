namespace Orrery.Machinery.Cel;

/// <summary>One meaning of a function: what it takes and gives, and how it is worked out.</summary>
/// <param name="Function">The name; operators as <c>_+_</c>.</param>
/// <param name="IsMember">The first parameter stands before the dot.</param>
internal sealed record Overload(string Function, bool IsMember, CelType[] Parameters, CelType Result, Func<object?[], object?> Invoke)
{
    /// <summary>
    /// Reads <c>name(type, type) type</c>, or <c>type->name(type) type</c> for a member. A single capital letter is a type parameter.
    /// </summary>
    public static Overload Of(string signature, Func<object?[], object?> invoke)
    {
        int arrow = signature.IndexOf("->", StringComparison.Ordinal);
        int open = signature.IndexOf('(', arrow < 0 ? 0 : arrow), close = signature.LastIndexOf(") ", StringComparison.Ordinal);
        string name = signature[(arrow < 0 ? 0 : arrow + 2)..open];
        List<CelType> parameters = arrow < 0 ? [] : [Type(signature[..arrow])];
        parameters.AddRange(Split(signature[(open + 1)..close]).Select(Type));
        return new Overload(name, arrow >= 0, [.. parameters], Type(signature[(close + 2)..]), invoke);
    }

    public bool Accepts(object?[] values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!Accepts(Parameters[i], values[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Accepts(CelType type, object? value) => type.Kind switch
    {
        CelKind.Dyn or CelKind.Parameter => true,
        CelKind.Bool => value is bool,
        CelKind.Int => value is long,
        CelKind.Uint => value is ulong,
        CelKind.Double => value is double,
        CelKind.String => value is string,
        CelKind.Bytes => value is byte[],
        CelKind.Timestamp => value is CelTimestamp,
        CelKind.Duration => value is CelDuration,
        CelKind.List => value is CelList,
        CelKind.Map => value is CelMap,
        CelKind.Type => value is CelType,
        CelKind.Optional => value is CelOptional,
        CelKind.Null => value is null,
        _ => value is not null && CelValues.TypeOf(value).Name == type.Name,
    };

    private static IEnumerable<string> Split(string list)
    {
        int depth = 0, start = 0;
        for (int i = 0; i <= list.Length; i++)
        {
            if (i == list.Length || (list[i] == ',' && depth == 0))
            {
                if (i > start)
                {
                    yield return list[start..i].Trim();
                }

                start = i + 1;
            }
            else
            {
                depth += list[i] == '(' ? 1 : list[i] == ')' ? -1 : 0;
            }
        }
    }

    private static CelType Type(string text)
    {
        int open = text.IndexOf('(', StringComparison.Ordinal);
        CelType[] arguments = open < 0 ? [] : [.. Split(text[(open + 1)..^1]).Select(Type)];
        return (open < 0 ? text : text[..open]) switch
        {
            "dyn" => CelType.Dyn, "null" => CelType.Null, "bool" => CelType.Bool, "int" => CelType.Int, "uint" => CelType.Uint, "double" => CelType.Double,
            "string" => CelType.String, "bytes" => CelType.Bytes, "timestamp" => CelType.Timestamp, "duration" => CelType.Duration,
            "list" => CelType.List(arguments[0]), "map" => CelType.Map(arguments[0], arguments[1]), "optional" => CelType.Optional(arguments[0]),
            "type" => CelType.TypeOf(arguments[0]),
            { Length: 1 } name => CelType.Parameter(name),
            var name => CelType.Opaque(name),
        };
    }
}
