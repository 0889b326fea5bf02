namespace Orrery.Machinery.Wire;

/// <summary>What a field holds, or each of its values.</summary>
internal enum WireKind
{
    Text,

    /// <summary>In base64 in JSON.</summary>
    Bytes,
    Integer,
    Boolean,
    Number,

    /// <summary>A list of texts within a message of its own: items = 1.</summary>
    TextList,
    Message,
}

/// <summary>How often a field may stand in its message.</summary>
internal enum WireCount
{
    One,
    Many,

    /// <summary>Each an entry, a message of its own: key = 1, value = 2.</summary>
    Map,
}

/// <summary>One field of a message of Kubernetes' binary encoding.</summary>
/// <param name="name">In JSON; <c>*</c> for a message whose members stand in the parent's JSON.</param>
/// <param name="isAlways">Go holds it as a value: it is written though it be empty.</param>
/// <param name="type">Of a message.</param>
internal sealed class WireField(string name, int number, WireCount count, bool isAlways, WireKind kind, string? type)
{
    /// <summary>What a <see cref="WireKind.TextList"/> consists of.</summary>
    public static readonly WireField ListItem = new("items", 1, WireCount.Many, isAlways: false, WireKind.Text, null);

    private WireMessage? message;
    private byte[]? tag;
    private byte[]? empty;

    public string Name => name;

    public int Number => number;

    public WireCount Count => count;

    public bool IsAlways => isAlways;

    public WireKind Kind => kind;

    public bool IsEmbedded => name == "*";

    /// <summary>Looked for at the first call: types refer to each other in circles.</summary>
    public WireMessage Message => message ??= WireNumbers.Find(type ?? throw new InvalidOperationException($"{name} is no message"))
        ?? throw new InvalidOperationException($"The embedded wire facts hold no type {type}.");

    /// <summary>Number and wire type, in front of each value.</summary>
    public byte[] Tag => tag ??= Varint(((ulong)number << 3) | (uint)(count == WireCount.Map ? WireType.Bytes : ValueType));

    /// <summary>What stands in the place of a field that is always written, and that the object has not.</summary>
    public byte[] Empty => empty ??= [.. Tag, .. EmptyValue()];

    /// <summary>How one value is laid out.</summary>
    public WireType ValueType => kind switch
    {
        WireKind.Integer or WireKind.Boolean => WireType.Varint,
        WireKind.Number => WireType.Fixed64,
        _ => WireType.Bytes,
    };

    private byte[] EmptyValue() => kind switch
    {
        WireKind.Number => new byte[sizeof(double)],
        WireKind.Message => [.. Varint((ulong)Message.Empty.Length), .. Message.Empty],
        _ => [0],
    };

    private static byte[] Varint(ulong value)
    {
        Span<byte> bytes = stackalloc byte[WireBytes.LongestVarint];
        return bytes[..WireBytes.Varint(bytes, value)].ToArray();
    }
}
