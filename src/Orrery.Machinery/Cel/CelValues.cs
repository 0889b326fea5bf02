using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Cel.Libraries;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Cel;

/// <summary>A list as rules see it. Items are null, bool, long, ulong, double, string, byte[], times, lists, maps, or a library's values.</summary>
internal sealed class CelList(int count, Func<int, object?> item, Schema? source = null)
{
    private long weight;

    public CelList(IReadOnlyList<object?> items)
        : this(items.Count, i => items[i])
    {
    }

    public int Count { get; } = count;

    /// <summary>The schema it came by: sets and maps are equal in any order.</summary>
    public Schema? Source { get; } = source;

    public object? this[int index] => item(index);

    public IEnumerable<object?> Items => Enumerable.Range(0, Count).Select(item);

    /// <summary>What walking it costs, all that is within included: one list may stand in another many times, so that this grows faster than any list.</summary>
    public long Weight => weight > 0 ? weight : weight = CelValues.WeightOf(Items, 1);
}

/// <summary>A map, or an object of a schema. Numbers that are equal are the same key.</summary>
internal abstract class CelMap
{
    private long weight;

    public abstract int Count { get; }

    public abstract IEnumerable<object?> Keys { get; }

    /// <summary>What walking it costs, as of a list.</summary>
    public long Weight => weight > 0 ? weight : weight = CelValues.WeightOf(Keys.Select(k => TryGet(k, out object? value) ? value : null), 1 + Count);

    public abstract bool TryGet(object? key, out object? value);
}

internal sealed class CelDictionary : CelMap
{
    private readonly Dictionary<object, (object? Key, object? Value)> entries = new(KeyComparer.Instance);

    public override int Count => entries.Count;

    public override IEnumerable<object?> Keys => entries.Values.Select(e => e.Key);

    public bool TryAdd(object? key, object? value) => entries.TryAdd(Normal(key), (key, value));

    public override bool TryGet(object? key, out object? value)
    {
        bool found = entries.TryGetValue(Normal(key), out (object? Key, object? Value) entry);
        value = entry.Value;
        return found;
    }

    private static object Normal(object? key) => key switch
    {
        ulong u when u <= long.MaxValue => (long)u,
        double d when d == Math.Truncate(d) && d is >= -9.2e18 and <= 9.2e18 => (long)d,
        _ => key ?? "",
    };

    /// <summary>Numbers hash to themselves, so that whoever chooses them could have all of them meet.</summary>
    private sealed class KeyComparer : IEqualityComparer<object>
    {
        public static readonly KeyComparer Instance = new();

        public new bool Equals(object? x, object? y) => object.Equals(x, y);

        public int GetHashCode(object key) => key is string text ? text.GetHashCode(StringComparison.Ordinal) : key is long or ulong or double ? CelMembers.HashOf(key) : key.GetHashCode();
    }
}

/// <summary>A JSON object in place: members are turned into values when they are asked for.</summary>
internal sealed class CelJsonMap(JsonObject json, CelType type) : CelMap
{
    public CelType Type { get; } = type;

    /// <summary>Members that no schema names cannot be asked for and count all the same: they are compared as the JSON that they are.</summary>
    public bool IsSame(CelJsonMap other) => Count == other.Count
        && json.All(m => TryGet(m.Key, out object? mine) && other.TryGet(m.Key, out object? theirs)
            ? CelValues.AreEqual(mine, theirs)
            : other.Raw(m.Key) is { } raw && JsonNode.DeepEquals(m.Value, raw.Node));

    private (bool, JsonNode? Node)? Raw(string name) => json.TryGetPropertyValue(name, out JsonNode? node) ? (true, node) : null;

    public override int Count => json.Count;

    public override IEnumerable<object?> Keys => json.Select(m => m.Key);

    public override bool TryGet(object? key, out object? value)
    {
        CelField? field = null;
        value = null;
        if (key is not string name || (Type.Kind == CelKind.Object && !Type.Fields.TryGetValue(name, out field)) || !json.TryGetPropertyValue(field?.JsonName ?? name, out JsonNode? node))
        {
            return false;
        }

        value = CelValues.FromJson(node, field?.Type ?? (Type.Kind == CelKind.Map ? Type.Arguments[1] : CelType.Dyn));
        return true;
    }
}

/// <summary>A value of a named type, made by a literal: its members as they were given.</summary>
internal sealed class CelMessage(CelType type, CelDictionary fields) : CelMap
{
    public CelType Type { get; } = type;

    public override int Count => fields.Count;

    public override IEnumerable<object?> Keys => fields.Keys;

    public override bool TryGet(object? key, out object? value) => fields.TryGet(key, out value);
}

/// <summary>A map whose values are worked out when they are first asked for, and then kept.</summary>
internal sealed class CelLazyMap(CelType type, Func<string, object?> evaluate) : CelMap
{
    private readonly Dictionary<string, object?> known = new(StringComparer.Ordinal);

    public CelType Type { get; } = type;

    public override int Count => Type.Fields.Count;

    public override IEnumerable<object?> Keys => Type.Fields.Keys;

    public override bool TryGet(object? key, out object? value)
    {
        value = null;
        if (key is not string name || !Type.Fields.ContainsKey(name))
        {
            return false;
        }

        if (!known.TryGetValue(name, out value))
        {
            known[name] = value = evaluate(name);
        }

        return true;
    }
}

/// <summary>A library's own value that says its type.</summary>
internal interface ICelOpaque
{
    CelType Type { get; }
}

internal sealed record CelOptional(bool HasValue, object? Value)
{
    public static readonly CelOptional None = new(false, null);
}

/// <summary>What values are, and when two are equal.</summary>
internal static class CelValues
{
    private const long HeaviestWeight = long.MaxValue / 4;

    /// <summary>As large as the largest request.</summary>
    private const long LargestJson = 3 * 1024 * 1024;

    /// <summary>As deep as a body may be.</summary>
    private const int DeepestJson = 200;

    public static object? FromJson(JsonNode? node, CelType type) => node switch
    {
        null => null,
        JsonObject json => new CelJsonMap(json, type.Kind is CelKind.Object or CelKind.Map ? type : CelType.Dyn),
        JsonArray array => new CelList(array.Count, i => FromJson(array[i], type.Kind == CelKind.List ? type.Arguments[0] : CelType.Dyn), type.Source),
        _ => Scalar(node, type),
    };

    private static object? Scalar(JsonNode node, CelType type) => node.GetValueKind() switch
    {
        JsonValueKind.String => Text(node.GetValue<string>(), type),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ when type.Kind != CelKind.Double && long.TryParse(node.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) => whole,
        _ => node.AsDouble() is double d && type.Kind == CelKind.Int && d == Math.Truncate(d) ? (long)d : node.AsDouble(),
    };

    private static object? Text(string text, CelType type) => type.Kind switch
    {
        CelKind.Timestamp => CelTime.ParseTimestamp(text.Length == 10 ? text + "T00:00:00Z" : text),
        CelKind.Duration => CelTime.ParseDuration(text),
        CelKind.Bytes => Convert.TryFromBase64String(text, new byte[text.Length], out _) ? Convert.FromBase64String(text) : new CelError("illegal base64 data"),
        _ => text,
    };

    /// <summary>What walking a value costs: characters of a text, one for any other scalar, all that is within of the rest.</summary>
    public static long WeightOf(object? value)
    {
        EnsureStack();
        return value switch
        {
            CelList list => list.Weight,
            CelMap map => map.Weight,
            CelOptional optional => WeightOf(optional.Value),
            string text => text.Length,
            byte[] bytes => bytes.Length,
            CelUrl url => url.Length,
            CelSemver version => version.Length,
            _ => 1,
        };
    }

    /// <summary>Never more than half of what a number holds, so that two can be added.</summary>
    internal static long WeightOf(IEnumerable<object?> values, long own)
    {
        long sum = own;
        foreach (object? value in values)
        {
            sum = Math.Min(HeaviestWeight, sum + WeightOf(value));
        }

        return sum;
    }

    /// <summary>Values may be nested as deep as the variables of a policy build upon each other: what walks them asks here at each step.</summary>
    /// <exception cref="CelBudgetException">They are nested too deep to be walked.</exception>
    internal static void EnsureStack()
    {
        if (!RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw new CelBudgetException();
        }
    }

    /// <summary>The value as JSON; false for one that JSON has no form of, and for one larger than a request may be.</summary>
    public static bool TryToJson(object? value, out JsonNode? json)
    {
        json = null;
        return WeightOf(value) <= LargestJson && TryToJson(value, DeepestJson, out json);
    }

    private static bool TryToJson(object? value, int depth, out JsonNode? json)
    {
        json = null;
        if (depth == 0)
        {
            return false;
        }

        switch (value)
        {
            case null:
                return true;
            case bool flag:
                json = flag;
                return true;
            case long number:
                json = number;
                return true;
            case ulong number:
                json = number;
                return true;
            case string text:
                json = text;
                return true;
            case double number:
                json = double.IsFinite(number) ? JsonValue.Create(number) : null;
                return json is not null;
            case byte[] bytes:
                json = Convert.ToBase64String(bytes);
                return true;
            case CelTimestamp or CelDuration or Quantity:
                json = value.ToString();
                return true;
            case CelOptional optional:
                return TryToJson(optional.Value, depth - 1, out json);
            case CelList list:
                var array = new JsonArray();
                json = array;
                return list.Items.All(item => TryToJson(item, depth - 1, out JsonNode? made) && Add(array, made));
            case CelMap map:
                var made = new JsonObject();
                json = made;
                return map.Keys.All(key => key is string name && map.TryGet(key, out object? member) && TryToJson(member, depth - 1, out JsonNode? node) && Add(made, name, node));
            default:
                return false;
        }
    }

    private static bool Add(JsonArray array, JsonNode? item)
    {
        array.Add(item);
        return true;
    }

    private static bool Add(JsonObject json, string name, JsonNode? value)
    {
        json[name] = value;
        return true;
    }

    public static CelType TypeOf(object? value) => value switch
    {
        null => CelType.Null,
        bool => CelType.Bool,
        long => CelType.Int,
        ulong => CelType.Uint,
        double => CelType.Double,
        string => CelType.String,
        byte[] => CelType.Bytes,
        CelTimestamp => CelType.Timestamp,
        CelDuration => CelType.Duration,
        CelType type => CelType.TypeOf(type),
        CelList => CelType.List(CelType.Dyn),
        CelJsonMap { Type.Kind: CelKind.Object } of => of.Type,
        CelMessage message => message.Type,
        CelLazyMap lazy => lazy.Type,
        ICelOpaque opaque => opaque.Type,
        CelMap => CelType.Map(CelType.Dyn, CelType.Dyn),
        CelOptional => CelType.Optional(CelType.Dyn),
        Quantity => CelType.Opaque("kubernetes.Quantity"),
        CelUrl => CelType.Opaque("kubernetes.URL"),
        IPAddress => CelType.Opaque("net.IP"),
        CelNetwork => CelType.Opaque("net.CIDR"),
        _ => throw new InvalidOperationException($"no value of the language: {value.GetType().Name}"),
    };

    public static bool AreEqual(object? left, object? right) => (left, right) switch
    {
        (CelList or CelMap or CelOptional, CelList or CelMap or CelOptional) => AreEqualWithin(left, right),
        _ => AreEqualScalars(left, right),
    };

    private static bool AreEqualWithin(object left, object right)
    {
        EnsureStack();
        return (left, right) switch
        {
            (CelList a, CelList b) => AreEqual(a, b),
            (CelJsonMap a, CelJsonMap b) => a.IsSame(b),
            (CelMap a, CelMap b) => a.Count == b.Count && a.Keys.All(k => a.TryGet(k, out object? x) && b.TryGet(k, out object? y) && AreEqual(x, y)),
            (CelOptional a, CelOptional b) => a.HasValue == b.HasValue && AreEqual(a.Value, b.Value),
            _ => false,
        };
    }

    private static bool AreEqualScalars(object? left, object? right) => (left, right) switch
    {
        (null, null) => true,
        (null, _) or (_, null) => false,
        (long or ulong or double, long or ulong or double) => Compare(left, right) == 0,
        (byte[] a, byte[] b) => a.AsSpan().SequenceEqual(b),
        (CelType a, CelType b) => a.Kind == b.Kind && a.Name == b.Name,
        _ => left.Equals(right),
    };

    private static bool AreEqual(CelList a, CelList b)
    {
        if (a.Count != b.Count)
        {
            return false;
        }

        // Mostly the order is the same; only what is out of place is looked for.
        if (Enumerable.Range(0, a.Count).All(i => AreEqual(a[i], b[i])))
        {
            return true;
        }

        if ((a.Source ?? b.Source)?.ListType is not (ListType.Set or ListType.Map))
        {
            return false;
        }

        var members = new CelMembers(b.Items);
        return a.Items.All(members.Contains);
    }

    /// <summary>Order of two scalars of one kind, or of two numbers; null where there is none (NaN).</summary>
    public static int? Compare(object left, object right) => (left, right) switch
    {
        (double a, double b) => double.IsNaN(a) || double.IsNaN(b) ? null : a.CompareTo(b),
        (double a, _) => CompareDouble(a, right),
        (_, double b) => -CompareDouble(b, left),
        (ulong a, long b) => b < 0 ? 1 : a.CompareTo((ulong)b),
        (long a, ulong b) => a < 0 ? -1 : ((ulong)a).CompareTo(b),
        (string a, string b) => CompareText(a, b),
        (byte[] a, byte[] b) => a.AsSpan().SequenceCompareTo(b),
        (IComparable a, _) => a.CompareTo(right),
        _ => null,
    };

    /// <summary>cel-go compares as doubles within the range of whole numbers, loss and all.</summary>
    private static int? CompareDouble(double number, object other) =>
        double.IsNaN(number) ? null : number.CompareTo(other is long l ? (double)l : (ulong)other);

    /// <summary>By code points; UTF-16 order differs above the basic plane, where surrogates stand before the last private characters.</summary>
    private static int CompareText(string a, string b)
    {
        int same = a.AsSpan().CommonPrefixLength(b);
        if (same == a.Length || same == b.Length)
        {
            return a.Length.CompareTo(b.Length);
        }

        char x = a[same], y = b[same];
        return char.IsSurrogate(x) == char.IsSurrogate(y) ? x.CompareTo(y) : char.IsSurrogate(x) ? (y >= '\ue000' ? 1 : x.CompareTo(y)) : (x >= '\ue000' ? -1 : x.CompareTo(y));
    }
}

/// <summary>Values as people read them.</summary>
internal static class CelText
{
    public static string Plain(object? value) => value switch
    {
        null => "null",
        bool b => b ? "true" : "false",
        double d => GoNumber.Text(d),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
