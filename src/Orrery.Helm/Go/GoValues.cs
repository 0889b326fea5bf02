using System.Diagnostics.CodeAnalysis;

namespace Orrery.Helm.Go;

// What a template handles, as boxed objects:
//   null = nil, bool, string = a byte string (see Utf8), GoInt = int, long = int64, double = float64, byte = uint8, int = int32,
//   uint = uint32, ulong = uint64, Complex = complex128, GoMap, GoSlice, and GoObject for everything that has fields or methods.

/// <summary>Go's int, kept apart from int64 since %T, kindOf and eq tell them apart.</summary>
internal readonly record struct GoInt(long Value);

/// <summary>A fault that Go raises as an error or a panic inside a function; the text is Go's.</summary>
internal sealed class GoException(string message) : Exception(message);

/// <summary>A map with string keys. <paramref name="type"/> is what Go calls it, <paramref name="element"/> the type of its values.</summary>
internal sealed class GoMap(string type = GoMap.Plain, string element = "interface {}")
{
    public const string Plain = "map[string]interface {}";
    public const string Values = "chartutil.Values";

    private Dictionary<string, object?> items = new(StringComparer.Ordinal);

    public string Type { get; } = type;

    public string Element { get; } = element;

    /// <summary>A nil map reads as empty and cannot be written.</summary>
    public bool IsNil { get; init; }

    public int Count => items.Count;

    public IEnumerable<string> Keys => items.Keys;

    public IEnumerable<KeyValuePair<string, object?>> Items => items;

    public IEnumerable<KeyValuePair<string, object?>> Sorted => items.OrderBy(i => i.Key, StringComparer.Ordinal);

    /// <summary>Whether Go lets it stand where a map[string]interface {} is wanted.</summary>
    public bool IsPlain => Type is Plain or Values;

    public object? this[string key]
    {
        get => items.GetValueOrDefault(key);
        set
        {
            if (IsNil)
            {
                throw new GoException("assignment to entry in nil map");
            }

            items[key] = value;
        }
    }

    public bool TryGet(string key, [MaybeNullWhen(false)] out object value)
    {
        bool found = items.TryGetValue(key, out object? v);
        value = v!;
        return found;
    }

    public bool Contains(string key) => items.ContainsKey(key);

    public void Remove(string key) => items.Remove(key);

    /// <summary>The same map as a parameter of type map[string]interface {} sees it: entries are shared.</summary>
    public GoMap AsPlain() => Type == Plain ? this : As(Plain);

    /// <summary>The same map under another type: entries are shared.</summary>
    public GoMap As(string other) => new(other) { IsNil = IsNil, items = items };

    public bool SharesWith(GoMap other) => ReferenceEquals(items, other.items);

    public static GoMap Of(IEnumerable<KeyValuePair<string, object?>> items)
    {
        var map = new GoMap();
        foreach ((string key, object? value) in items)
        {
            map[key] = value;
        }

        return map;
    }
}

/// <summary>A slice; never changed once made.</summary>
internal sealed class GoSlice(IReadOnlyList<object?> items, string type = GoSlice.Plain)
{
    public const string Plain = "[]interface {}";
    public const string Strings = "[]string";

    public IReadOnlyList<object?> Items { get; } = items;

    public string Type { get; } = type;

    public bool IsNil { get; init; }

    public int Count => Items.Count;

    /// <summary>The type of an element.</summary>
    public string Element => Type == "chartutil.VersionSet" ? "string" : Type[2..];

    public static GoSlice OfStrings(IEnumerable<string> items) => new([.. items], Strings);
}

/// <summary>Something with fields or methods: a struct, or a pointer to one.</summary>
internal abstract class GoObject
{
    /// <summary>What %T prints.</summary>
    public abstract string Type { get; }

    /// <summary>"struct" or "ptr", or the basic kind beneath a named type.</summary>
    public abstract string Kind { get; }

    /// <summary>A field's value; false when there is none of that name.</summary>
    public virtual bool TryField(string name, out RValue value)
    {
        value = default;
        return false;
    }

    public virtual Functions.Function? Method(string name) => null;

    /// <summary>What its String or Error method returns; null when it has none.</summary>
    public virtual string? Text => null;

    /// <summary>Its fields in order, for printing and JSON.</summary>
    public virtual IEnumerable<(string Name, object? Value)> Fields => [];

    public virtual object? Json => new Host.OrderedFields([.. Fields]);
}

/// <summary>
/// Go's reflect.Value: whether there is a value at all, and whether it stands in an interface (the element of a map
/// or list) or as itself. The difference shows in error texts and in what nil means.
/// </summary>
internal readonly record struct RValue(object? Value, bool IsValid, bool IsInterface)
{
    public static readonly RValue NilInterface = new(null, true, true);

    public static RValue Of(object? value) => value is null ? default : new RValue(value, true, false);

    public static RValue Interface(object? value) => new(value, true, true);

    /// <summary>An element of a container whose elements have a type.</summary>
    public static RValue Element(object? value, string elementType) => elementType == "interface {}" ? Interface(value) : new RValue(value, true, false);

    /// <summary>Out of its interface, as a pipeline's end does it.</summary>
    public RValue Unwrapped => IsInterface ? Of(Value) : this;

    public string Type => IsInterface ? "interface {}" : GoTypes.TypeOf(Value);
}
