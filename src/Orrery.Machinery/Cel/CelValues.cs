using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Cel.Libraries;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Cel;

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
            GoUrl url => url.Length,
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
        GoUrl => CelType.Opaque("kubernetes.URL"),
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
