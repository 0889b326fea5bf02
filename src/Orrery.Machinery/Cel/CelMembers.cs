using System.Globalization;

namespace Orrery.Machinery.Cel;

/// <summary>Values by what they are equal to, so that many can be looked for among many.</summary>
internal sealed class CelMembers
{
    private readonly Dictionary<object, object?> known = new(Equality.Instance);

    public CelMembers()
    {
    }

    public CelMembers(IEnumerable<object?> values)
    {
        foreach (object? value in values)
        {
            Add(value);
        }
    }

    private static object Null { get; } = new();

    public bool Contains(object? value) => known.ContainsKey(value ?? Null);

    /// <summary>Adds the value; false when one that is equal is there.</summary>
    public bool Add(object? value, object? meaning = null) => known.TryAdd(value ?? Null, meaning);

    /// <summary>What the value was added with.</summary>
    public bool TryGet(object? value, out object? meaning) => known.TryGetValue(value ?? Null, out meaning);

    /// <summary>The same for numbers that are equal, of whatever type, and for others not to be foretold: a number's own hash is its two halves over each other.</summary>
    public static int HashOf(object number)
    {
        long bits = BitConverter.DoubleToInt64Bits(Convert.ToDouble(number, CultureInfo.InvariantCulture) + 0.0);
        return HashCode.Combine((int)bits, (int)(bits >> 32));
    }

    private sealed class Equality : IEqualityComparer<object>
    {
        public static readonly Equality Instance = new();

        public new bool Equals(object? x, object? y) => CelValues.AreEqual(x == Null ? null : x, y == Null ? null : y);

        /// <summary>The same for what is equal: numbers of any type, lists and maps in any order.</summary>
        public int GetHashCode(object value)
        {
            CelValues.EnsureStack();
            switch (value)
            {
                case long or ulong or double:
                    return HashOf(value);
                case string text:
                    return text.GetHashCode(StringComparison.Ordinal);
                case byte[] bytes:
                    var hash = default(HashCode);
                    hash.AddBytes(bytes);
                    return hash.ToHashCode();
                case CelList list:
                    int items = list.Count;
                    foreach (object? item in list.Items)
                    {
                        items = unchecked(items + GetHashCode(item ?? Null));
                    }

                    return HashCode.Combine(items);
                case CelMap map:
                    int entries = map.Count;
                    foreach (object? key in map.Keys)
                    {
                        entries = unchecked(entries + (map.TryGet(key, out object? member) ? HashCode.Combine(GetHashCode(key ?? Null), GetHashCode(member ?? Null)) : 0));
                    }

                    return HashCode.Combine(entries);
                case CelOptional optional:
                    return optional.HasValue ? GetHashCode(optional.Value ?? Null) : 0;
                case CelType type:
                    return type.GetHashCode();
                default:
                    return value.GetHashCode();
            }
        }
    }
}
