using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Machinery.Patches;

namespace Orrery.Machinery.Apply;

/// <summary>A scalar that names a list item. Numbers sort before strings, strings before booleans, null comes last.</summary>
internal sealed class Scalar : IEquatable<Scalar>, IComparable<Scalar>
{
    // Upstream writes path elements with Go's JSON encoder, which leaves only <, > and & of the printable characters escaped.
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly JsonValueKind kind;
    private readonly string? text;
    private readonly double number;
    private readonly long? integer;

    private Scalar(JsonValueKind kind, string? text, double number, long? integer)
    {
        this.kind = kind;
        this.text = text;
        this.number = number;
        this.integer = integer;
    }

    /// <summary>Null for an object or an array.</summary>
    public static Scalar? From(JsonNode? value)
    {
        JsonValueKind kind = value?.GetValueKind() ?? JsonValueKind.Null;
        return kind switch
        {
            JsonValueKind.String => new Scalar(kind, value!.GetValue<string>(), 0, null),
            JsonValueKind.Number => Number(value!),
            JsonValueKind.True or JsonValueKind.False or JsonValueKind.Null => new Scalar(kind, null, 0, null),
            _ => null,
        };
    }

    public string ToJson() => kind switch
    {
        JsonValueKind.String => JsonText(text!),
        JsonValueKind.Number => integer?.ToString(CultureInfo.InvariantCulture) ?? GoNumber.Text(number),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => "null",
    };

    /// <summary>The form in messages.</summary>
    public override string ToString() => kind == JsonValueKind.String ? GoText.Quote(text!) : ToJson();

    public int CompareTo(Scalar? other)
    {
        if (other is null)
        {
            return 1;
        }

        int rank = Rank(kind), otherRank = Rank(other.kind);
        if (rank != otherRank)
        {
            return rank.CompareTo(otherRank);
        }

        return kind switch
        {
            JsonValueKind.String => string.CompareOrdinal(text, other.text),
            JsonValueKind.Number when integer is { } a && other.integer is { } b => a.CompareTo(b),
            JsonValueKind.Number => number.CompareTo(other.number),
            _ => (kind == JsonValueKind.True).CompareTo(other.kind == JsonValueKind.True),
        };
    }

    public bool Equals(Scalar? other) => CompareTo(other) == 0;

    public override bool Equals(object? obj) => obj is Scalar other && Equals(other);

    public override int GetHashCode() => kind == JsonValueKind.String ? text!.GetHashCode(StringComparison.Ordinal) : HashCode.Combine(Rank(kind), number, kind == JsonValueKind.True);

    internal static string JsonText(string value) => JsonSerializer.Serialize(value, Relaxed)
        .Replace("<", "\\u003c", StringComparison.Ordinal).Replace(">", "\\u003e", StringComparison.Ordinal).Replace("&", "\\u0026", StringComparison.Ordinal);

    private static Scalar Number(JsonNode value)
    {
        var element = JsonSerializer.SerializeToElement(value);
        double number = element.GetDouble();
        return new Scalar(JsonValueKind.Number, null, number, element.TryGetInt64(out long exact) ? exact : number == Math.Truncate(number) && Math.Abs(number) < 1e15 ? (long)number : null);
    }

    private static int Rank(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Number => 0,
        JsonValueKind.String => 1,
        JsonValueKind.True or JsonValueKind.False => 2,
        _ => 3,
    };
}
