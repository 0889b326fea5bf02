using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Machinery.Patches;

namespace Orrery.Machinery.Apply;

/// <summary>What one step of a path is; the numbers are the order in which upstream sorts them.</summary>
internal enum PathKind : byte
{
    Field,
    Key,
    Value,
    Index,
}

/// <summary>One member of a list item's key.</summary>
internal readonly record struct KeyPart(string Name, Scalar Value);

/// <summary>
/// One step of a field path: a member's name (<c>f:</c>), a list item by its keys (<c>k:</c>), by its own value
/// (<c>v:</c>) or by its index (<c>i:</c>). A field's step holds the name as it stands in the object, so that walking
/// an object makes no strings.
/// </summary>
internal readonly struct PathElement : IEquatable<PathElement>, IComparable<PathElement>
{
    private readonly object? payload;
    private readonly int index;

    private PathElement(PathKind kind, object? payload, int index)
    {
        Kind = kind;
        this.payload = payload;
        this.index = index;
    }

    public PathKind Kind { get; }

    public string Name => (string)payload!;

    public KeyPart[] Keys => (KeyPart[])payload!;

    public Scalar Value => (Scalar)payload!;

    public static PathElement OfField(string name) => new(PathKind.Field, name, 0);

    /// <param name="keys">Sorted here, as upstream sorts them.</param>
    public static PathElement OfKeys(KeyPart[] keys)
    {
        Array.Sort(keys, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return new(PathKind.Key, keys, 0);
    }

    public static PathElement OfValue(Scalar value) => new(PathKind.Value, value, 0);

    public static PathElement OfIndex(int index) => new(PathKind.Index, null, index);

    /// <summary>Reads the FieldsV1 form, such as <c>k:{"name":"web"}</c>.</summary>
    /// <param name="isUnknown">The prefix is none that is known: upstream skips those in silence.</param>
    /// <returns>False when the text is malformed or unknown.</returns>
    public static bool TryParse(string text, out PathElement element, out bool isUnknown)
    {
        element = default;
        isUnknown = false;
        if (text.Length < 2 || text[1] != ':')
        {
            return false;
        }

        try
        {
            switch (text[0])
            {
                case 'f':
                    element = OfField(text[2..]);
                    return true;
                case 'k' when JsonNode.Parse(text[2..]) is JsonObject keys:
                    element = OfKeys([.. keys.Select(k => new KeyPart(k.Key, Scalar.From(k.Value) ?? throw new JsonException()))]);
                    return true;
                case 'v' when Scalar.From(JsonNode.Parse(text[2..])) is { } value:
                    element = OfValue(value);
                    return true;
                case 'i' when int.TryParse(text[2..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int index):
                    element = OfIndex(index);
                    return true;
                case 'k' or 'v' or 'i':
                    return false;
                default:
                    isUnknown = true;
                    return false;
            }
        }
        catch (Exception fault) when (fault is JsonException or ArgumentException)
        {
            // No JSON, or a key that stands there twice.
            return false;
        }
    }

    /// <summary>The FieldsV1 form.</summary>
    public string Serialize() => Kind switch
    {
        PathKind.Field => "f:" + Name,
        PathKind.Key => "k:" + KeysJson(),
        PathKind.Value => "v:" + Value.ToJson(),
        _ => string.Create(CultureInfo.InvariantCulture, $"i:{index}"),
    };

    /// <summary>The form in messages: <c>.name</c>, <c>[name="web"]</c>, <c>[="x"]</c>, <c>[0]</c>.</summary>
    public override string ToString() => Kind switch
    {
        PathKind.Field => "." + Name,
        PathKind.Key => $"[{string.Join(',', Keys.Select(k => $"{k.Name}={k.Value}"))}]",
        PathKind.Value => $"[={Value}]",
        _ => string.Create(CultureInfo.InvariantCulture, $"[{index}]"),
    };

    public int CompareTo(PathElement other)
    {
        if (Kind != other.Kind)
        {
            return Kind.CompareTo(other.Kind);
        }

        return Kind switch
        {
            PathKind.Field => string.CompareOrdinal(Name, other.Name),
            PathKind.Key => CompareKeys(Keys, other.Keys),
            PathKind.Value => Value.CompareTo(other.Value),
            _ => index.CompareTo(other.index),
        };
    }

    public bool Equals(PathElement other) => Kind == other.Kind && CompareTo(other) == 0;

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is PathElement other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Kind);
        switch (Kind)
        {
            case PathKind.Field:
                hash.Add(Name, StringComparer.Ordinal);
                break;
            case PathKind.Key:
                foreach (KeyPart key in Keys)
                {
                    hash.Add(key.Value);
                }

                break;
            case PathKind.Value:
                hash.Add(Value);
                break;
            default:
                hash.Add(index);
                break;
        }

        return hash.ToHashCode();
    }

    private static int CompareKeys(KeyPart[] a, KeyPart[] b)
    {
        for (int i = 0; i < a.Length && i < b.Length; i++)
        {
            int order = string.CompareOrdinal(a[i].Name, b[i].Name);
            order = order != 0 ? order : a[i].Value.CompareTo(b[i].Value);
            if (order != 0)
            {
                return order;
            }
        }

        return a.Length.CompareTo(b.Length);
    }

    private string KeysJson()
    {
        var text = new StringBuilder("{");
        foreach (KeyPart key in Keys)
        {
            text.Append(text.Length == 1 ? "" : ",").Append(Scalar.JsonText(key.Name)).Append(':').Append(key.Value.ToJson());
        }

        return text.Append('}').ToString();
    }
}
