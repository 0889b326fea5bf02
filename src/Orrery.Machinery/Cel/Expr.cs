namespace Orrery.Machinery.Cel;

/// <summary>A node of a parsed expression. The checker writes types and resolutions into it; then it is only read.</summary>
internal abstract class Expr(int offset)
{
    public int Offset { get; } = offset;

    public CelType Type { get; set; } = CelType.Dyn;
}

internal sealed class Literal(int offset, object? value) : Expr(offset)
{
    public object? Value { get; } = value;
}

internal sealed class Identifier(int offset, string name) : Expr(offset)
{
    public string Name { get; } = name;

    /// <summary>The variable meant, container included; null when the name is a type's or unknown.</summary>
    public string? Variable { get; set; }

    public CelType? TypeValue { get; set; }
}

internal sealed class Select(int offset, Expr operand, string field, bool isTest = false, bool isOptional = false) : Expr(offset)
{
    public Expr Operand { get; } = operand;

    public string Field { get; } = field;

    /// <summary><c>has(a.b)</c>.</summary>
    public bool IsTest { get; } = isTest;

    public bool IsOptional { get; } = isOptional;

    /// <summary>Set when the dotted path is the name of a variable or type.</summary>
    public Identifier? Qualified { get; set; }
}

internal sealed class Call(int offset, Expr? target, string function, IReadOnlyList<Expr> arguments) : Expr(offset)
{
    public Expr? Target { get; } = target;

    public string Function { get; } = function;

    public IReadOnlyList<Expr> Arguments { get; } = arguments;

    /// <summary>What may be meant; one is chosen by the values. Empty: unbound.</summary>
    public IReadOnlyList<Overload> Overloads { get; set; } = [];

    /// <summary>The target is part of the function's name (<c>optional.of</c>), not a receiver.</summary>
    public bool IsNamespaced { get; set; }

    /// <summary>The function's whole name, its namespace included: what it costs depends on it.</summary>
    public string FullName { get; set; } = function;
}

internal sealed record Entry(Expr? Key, Expr Value, bool IsOptional);

internal sealed class ListOf(int offset, IReadOnlyList<Entry> items) : Expr(offset)
{
    public IReadOnlyList<Entry> Items { get; } = items;
}

internal sealed class MapOf(int offset, IReadOnlyList<Entry> entries) : Expr(offset)
{
    public IReadOnlyList<Entry> Entries { get; } = entries;
}

internal enum FoldKind
{
    All,
    Exists,
    ExistsOne,
    Map,
    Filter,
    TransformList,
    TransformMap,
    TransformMapEntry,

    /// <summary>The items in the order of what the transform makes of them.</summary>
    SortBy,
}

/// <summary>A macro over a list or a map.</summary>
internal sealed class Fold(int offset, FoldKind kind, Expr range, string first, string? second, Expr? predicate, Expr? transform) : Expr(offset)
{
    public FoldKind Kind { get; } = kind;

    public Expr Range { get; } = range;

    public string First { get; } = first;

    public string? Second { get; } = second;

    public Expr? Predicate { get; } = predicate;

    public Expr? Transform { get; } = transform;
}

/// <summary><c>optMap</c> and <c>optFlatMap</c>.</summary>
internal sealed class OptionalMap(int offset, Expr target, string name, Expr body, bool isFlat) : Expr(offset)
{
    public Expr Target { get; } = target;

    public string Name { get; } = name;

    public Expr Body { get; } = body;

    public bool IsFlat { get; } = isFlat;
}

/// <summary><c>Object.spec{replicas: 3}</c>: a value of a named type.</summary>
internal sealed class MessageOf(int offset, string name, IReadOnlyList<MessageField> fields) : Expr(offset)
{
    public string Name { get; } = name;

    public IReadOnlyList<MessageField> Fields { get; } = fields;
}

internal sealed record MessageField(int Offset, string Name, Expr Value, bool IsOptional);
