using System.Collections.Immutable;

namespace Orrery.Machinery.Cel;

/// <summary>What sort of values a <see cref="CelType"/> holds.</summary>
public enum CelKind
{
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    Type,
    List,
    Map,

    /// <summary>Named members, from a schema.</summary>
    Object,

    /// <summary>A library's own type, such as a quantity.</summary>
    Opaque,
    Optional,

    /// <summary>A type parameter of a function.</summary>
    Parameter,
}

/// <summary>A member of an object type: the name in JSON (rules see it escaped) and its type.</summary>
public sealed record CelField(string JsonName, CelType Type);

/// <summary>A type of the expression language. Also a value: what <c>type(x)</c> answers.</summary>
public sealed class CelType : IEquatable<CelType>
{
    public static readonly CelType Dyn = new(CelKind.Dyn, "dyn");
    public static readonly CelType Null = new(CelKind.Null, "null_type");
    public static readonly CelType Bool = new(CelKind.Bool, "bool");
    public static readonly CelType Int = new(CelKind.Int, "int");
    public static readonly CelType Uint = new(CelKind.Uint, "uint");
    public static readonly CelType Double = new(CelKind.Double, "double");
    public static readonly CelType String = new(CelKind.String, "string");
    public static readonly CelType Bytes = new(CelKind.Bytes, "bytes");
    public static readonly CelType Timestamp = new(CelKind.Timestamp, "google.protobuf.Timestamp");
    public static readonly CelType Duration = new(CelKind.Duration, "google.protobuf.Duration");

    private CelType(CelKind kind, string name, params ImmutableArray<CelType> arguments)
    {
        Kind = kind;
        Name = name;
        Arguments = arguments;
        parts = 1;
        foreach (CelType argument in arguments)
        {
            parts += argument.parts;
        }
    }

    /// <summary>A type that stands in another twice, and so on, doubles at each step: what is within one of so many parts may be anything.</summary>
    private const int MostParts = 256;

    private readonly int parts;

    public CelKind Kind { get; }

    public string Name { get; }

    public ImmutableArray<CelType> Arguments { get; }

    /// <summary>Members of an object type by their escaped names; empty for any other.</summary>
    public IReadOnlyDictionary<string, CelField> Fields { get; private init; } = ImmutableDictionary<string, CelField>.Empty;

    /// <summary>An object type whose members are not known: it has every member, of any type.</summary>
    public bool IsOpen { get; private init; }

    /// <summary>How long a text, list or map can be at most, where its schema tells; null where nothing does. Does not tell types apart.</summary>
    internal double? Longest { get; private init; }

    /// <summary>Lists of a schema: how two of them are equal and added.</summary>
    internal Schemas.Schema? Source { get; private init; }

    public static CelType List(CelType item) => new(CelKind.List, "list", Bounded(item));

    public static CelType Map(CelType key, CelType value) => new(CelKind.Map, "map", Bounded(key), Bounded(value));

    public static CelType Optional(CelType value) => new(CelKind.Optional, "optional_type", Bounded(value));

    public static CelType Opaque(string name) => new(CelKind.Opaque, name);

    public static CelType TypeOf(CelType of) => new(CelKind.Type, "type", Bounded(of));

    public static CelType Object(string name, IReadOnlyDictionary<string, CelField> fields) => new(CelKind.Object, name) { Fields = fields };

    /// <summary>An object type that has every member.</summary>
    public static CelType Open(string name) => new(CelKind.Object, name) { IsOpen = true };

    private static CelType Bounded(CelType part) => part.parts > MostParts ? Dyn : part;

    internal static CelType Parameter(string name) => new(CelKind.Parameter, name);

    internal CelType From(Schemas.Schema schema) => new(Kind, Name, Arguments) { Fields = Fields, IsOpen = IsOpen, Longest = Longest, Source = schema };

    internal CelType Within(double longest) => new(Kind, Name, Arguments) { Fields = Fields, IsOpen = IsOpen, Longest = longest, Source = Source };

    public bool Equals(CelType? other) => other is not null && Kind == other.Kind && Name == other.Name && Arguments.AsSpan().SequenceEqual(other.Arguments.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as CelType);

    public override int GetHashCode() => HashCode.Combine(Kind, Name, Arguments.Length);

    /// <summary>As faults of an expression call it: the well-known types by the names that expressions use for them.</summary>
    internal string Shown => Kind switch
    {
        CelKind.Null => "null",
        CelKind.Timestamp => "timestamp",
        CelKind.Duration => "duration",
        _ => Arguments.IsEmpty ? Name : $"{Name}({string.Join(", ", Arguments.Select(a => a.Shown))})",
    };

    public override string ToString() => Arguments.IsEmpty ? Name : $"{Name}({string.Join(", ", Arguments)})";
}
