using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Cel;

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

        // A member that may be null, and is, is as one that is not there.
        if (node is null && field is not null)
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
